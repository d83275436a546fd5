import type { Define, SetProperty, Undefine, UnsetProperty } from '../syntax/statements/settings.ts';
import type { Handler } from './handler.ts';

/** Session statements: they last for the session, over REST for the rest of the request. */
export const setProperty: Handler<SetProperty> = (statement, { session }) => {
  session.set(statement.name, statement.value);
  return Promise.resolve(undefined);
};
export const unsetProperty: Handler<UnsetProperty> = (statement, { session }) => {
  session.unset(statement.name);
  return Promise.resolve(undefined);
};
export const define: Handler<Define> = (statement, { session }) => {
  session.variables.set(statement.name.text, statement.value);
  return Promise.resolve(undefined);
};
export const undefine: Handler<Undefine> = (statement, { session }) => {
  session.variables.delete(statement.name.text);
  return Promise.resolve(undefined);
};
