import { takeDown } from '../down.ts';
import { removeDeadBuilders } from '../image/store.ts';
import type { Progress } from '../progress.ts';
import { removeDeadBuilder } from './images.ts';
import { kubernetesLab } from './layout.ts';

export function kubernetesDown(progress: Progress): Promise<void> {
  return takeDown(kubernetesLab, progress, async () => {
    await removeDeadBuilders();
    await removeDeadBuilder();
  });
}
