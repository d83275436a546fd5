FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev && npm install --no-save --omit=dev --ignore-scripts onnxruntime-node@1.30.0 @electric-sql/pglite@0.5.16 @aws-sdk/client-dynamodb@3.1169.0

FROM node:20-bookworm-slim
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/bin ./bin
COPY --from=build /app/examples ./examples
RUN mkdir /state && chown node:node /state
USER node
VOLUME /state
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s --retries=6 CMD ["node", "-e", "fetch('http://127.0.0.1:8088/chc/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
EXPOSE 8088
ENTRYPOINT ["node", "bin/millrace.mjs"]
CMD ["server", "--listeners", "http://0.0.0.0:8088", "--state-dir", "/state"]
