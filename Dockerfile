FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/bin ./bin
COPY --from=build /app/examples ./examples
RUN mkdir /state && chown node:node /state
USER node
EXPOSE 8088
ENTRYPOINT ["node", "bin/millrace.mjs"]
CMD ["server", "--listeners", "http://0.0.0.0:8088", "--state-dir", "/state"]
