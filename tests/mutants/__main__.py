"""`python -m tests.mutants [PART …]`: kills and survivors of each part, with the seed that repeats the sample."""

import os
import random
import sys
import time

from tests.mutants.parts import PARTS, ROOT
from tests.mutants.running import run, sample


def main(names: list[str]) -> int:
    """Run the parts, all of them without a name; exit status 1 where fewer than nine tenths were killed."""
    if unknown := set(names) - set(PARTS):
        print(f"{', '.join(sorted(unknown))}: no such part; there are {', '.join(PARTS)}")
        return 2
    os.nice(max(0, 15 - os.nice(0)))
    seed = int(os.environ.get("KK2_SEED") or random.SystemRandom().randrange(2**32))
    count = int(os.environ.get("KK2_MUTANTS") or 300)
    enough = True
    for name in names or PARTS:
        part, began = PARTS[name], time.monotonic()
        chosen = sample(part, ROOT, count, seed)
        print(f"{name}: {len(chosen)} mutants, KK2_SEED={seed}", flush=True)
        killed = 0
        for outcome in run(part, ROOT, chosen):
            killed += outcome.is_killed
            if not outcome.is_killed:
                print(f"  survived: {outcome.mutant}", flush=True)
        print(f"{name}: {killed} of {len(chosen)} killed in {time.monotonic() - began:.0f} s", flush=True)
        enough = enough and killed * 10 >= len(chosen) * 9
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
