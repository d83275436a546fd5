import type { Define, SetProperty, Undefine, UnsetProperty } from '../syntax/statements/settings.ts';
import { warning, type Handler } from './handler.ts';

/** Session statements: valid for the session; over REST, for the rest of the request. */
export const setProperty: Handler<SetProperty> = (statement, { session, text }) => {
  const meaningless = session.set(statement.name, statement.value, statement.span);
  return Promise.resolve(meaningless === undefined ? undefined : warning(text, meaningless));
};
export const unsetProperty: Handler<UnsetProperty> = (statement, { session }) => {
  session.unset(statement.name, statement.span);
  return Promise.resolve(undefined);
};
export const define: Handler<Define> = (statement, { session }) => {
  session.variables.set(statement.name.text, statement.value);
  return Promise.resolve(undefined);
};
export const undefine: Handler<Undefine> = ({ name }, { session, text }) =>
  Promise.resolve(
    session.variables.delete(name.text)
      ? undefined
      : warning(text, `Cannot undefine variable '${name.text}' which was never defined`),
  );
