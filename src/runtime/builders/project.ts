import { Project } from '../operators/project.ts';
import type { Builder } from './context.ts';
import { projection } from './expressions.ts';
import { callsUserCode, ownsRows } from '../../plan/physical/step.ts';

export const project: Builder<'project'> = (step, context) =>
  new Project(
    projection(step.exprs, context),
    context.position,
    // Not with user code: a batch that exceeds its time limit is run again, which needs the original rows.
    ownsRows(step.input) && !callsUserCode(step),
  );
