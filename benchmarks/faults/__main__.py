"""What faults do: each of the catalogue, many times, and the same to unmodified Ray Tune where it makes sense.

``python -m benchmarks.faults [--only NAME,...] [--repeats 20] [--peers 5] [--seed 0] [--quick] [--json FILE]``

Each repeat runs a search in processes of their own, injects the fault, lets the product go on, and counts:

acknowledged  records that were there at the fault, and at the end
lost          of these, gone or changed afterwards; trials without an end; records without a row
doubled       trials with two ends, and rows that stand twice in the tables
run again     trials that had ended at the fault and have a later attempt
left running  processes that outlived their search
promises      what must hold beyond these, by fault; see its file in ``benchmarks/faults/catalogue``
detected      seconds from the fault until the product knew of it
recovered     seconds until work went on

Linux alone: processes are found in ``/proc``.
"""

from __future__ import annotations

import sys
import time

from benchmarks._measure import arguments, report
from benchmarks.faults.repeats import line, load, measures, names, repeated


def main() -> int:
    options = arguments(__doc__, only="", repeats=20, peers=5, seed=0)
    known = names()
    chosen = [name for name in options.only.split(",") if name] or known
    if unknown := [name for name in chosen if name not in known]:
        print(f"There is no fault {', '.join(unknown)}: there are {', '.join(known)}.", file=sys.stderr)
        return 2
    repeats, n_peers = (1, min(1, options.peers)) if options.quick else (options.repeats, options.peers)
    print(f"seed {options.seed}", flush=True)
    found = []
    for name in chosen:
        fault = load(name)
        print(
            f"\n{name}: {fault.injects}\n  must hold: {fault.holds}\n  noticed: {fault.noticed}", flush=True
        )
        if (lacking := fault.lacking()) is not None:
            print(f"  not injected here: {lacking}", flush=True)
            continue
        began = time.monotonic()
        n = repeats if options.quick else max(repeats, fault.at_least)
        count = repeated(name, fault.strike, n, options.seed, options.quick)
        peer = None
        if fault.peer is not None and n_peers:
            peer = repeated(f"{name} to Ray Tune", fault.peer, n_peers, options.seed, options.quick)
        found += measures(name, fault, count, peer, time.monotonic() - began)
        print(f"{name}, all: {line(count)}", flush=True)
    print()
    report(found, options.json)
    return 0 if all(one.met is not False for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
