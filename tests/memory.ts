/** How much memory this process took more, at most, while `work` was under way, MiB; and how the work failed, if it did. */
export async function memoryOf(work: () => Promise<unknown>): Promise<{ error: Error | undefined; mib: number }> {
  const before = process.memoryUsage.rss();
  let most = before;
  const look = () => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  const looking = setInterval(look, 5);
  try {
    const error = await work().then(
      () => undefined,
      (reason: Error) => reason,
    );
    look();
    return { error, mib: (most - before) / 2 ** 20 };
  } finally {
    clearInterval(looking);
  }
}
