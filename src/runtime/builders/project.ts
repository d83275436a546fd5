import { Project } from '../operators/project.ts';
import type { Builder } from './context.ts';
import { projection } from './expressions.ts';
import { callsUserCode, ownsRows } from '../../plan/physical/step.ts';

export const project: Builder<'project'> = (step, context) =>
  new Project(
    projection(step.exprs, context),
    context.position,
    // Rows that are changed in place could not be made again.
    ownsRows(step.input) && !callsUserCode(step),
  );
