import { takeDown } from '../down.ts';
import { removeDeadBuilders } from '../image/store.ts';
import type { Progress } from '../progress.ts';
import { swarmLab } from './layout.ts';

export function swarmDown(progress: Progress): Promise<void> {
  return takeDown(swarmLab, progress, removeDeadBuilders);
}
