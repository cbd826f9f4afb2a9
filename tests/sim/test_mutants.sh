#!/bin/sh
# A test of the test: the simulator must find every deliberate bug of
# consensus/mutant.h, and say with which seed.
set -u

seeds=${SIM_MUTANT_SEEDS:-2000}
bad=0
for mutant in quorum-small finalize-after-nullify nullify-after-finalize \
	forget-nullify resume-last notarize-twice skip-proofs send-early \
	no-standstill forget-header drop-notarization; do
	if out=$(./sim_mutants --mutant "$mutant" --seeds "$seeds"); then
		echo "not ok: $mutant survives $seeds seeds"
		bad=1
		continue
	fi
	case $out in
	seed*fails*) echo "ok: $mutant: $(echo "$out" | head -n 1)" ;;
	*)
		echo "not ok: $mutant: no seed in: $out"
		bad=1
		;;
	esac
done
exit $bad
