#!/bin/sh
# The Promela model of rules 1 to 7: every state of the small instances, and
# every deliberate bug found. MODEL_LARGE=1 adds three views with a helping
# adversary (30 million states, 3 GB).
set -u

model=${srcdir:-.}/tests/sim/simplex.pml
case $model in
/*) ;;
*) model=$PWD/$model ;;
esac
for tool in spin cc; do
	if ! command -v "$tool" >/dev/null; then
		echo "skipped: $tool is not installed"
		exit 77
	fi
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
bad=0

# Prints "errors states"; nothing when the search was cut short.
search() {
	rm -f pan* ./*.trail
	spin -a "$@" "$model" >spin.out 2>&1 &&
		cc -O1 -DSAFETY -DMEMLIM=4000 -o pan pan.c >cc.out 2>&1 &&
		./pan -m200000 -w24 >pan.out 2>&1
	grep -q 'max search depth too small\|MEMLIM' pan.out && return
	sed -n 's/.*errors: \([0-9]*\).*/\1/p; s/^ *\([0-9]*\) states, stored.*/\1/p' \
		pan.out | tr '\n' ' '
}

holds() {
	found=$(search "$@")
	case $found in
	"0 "*) echo "ok: $*: ${found#0 }states, all good" ;;
	*)
		echo "not ok: $*: $found"
		cat spin.out cc.out pan.out
		bad=1
		;;
	esac
}

finds() {
	found=$(search "$@")
	case $found in
	"1 "*) echo "ok: $*: found" ;;
	*)
		echo "not ok: $*: not found: $found"
		bad=1
		;;
	esac
}

holds -DVIEWS=2 -DWITH_HELP
holds -DVIEWS=3
finds -DVIEWS=2 -DWITH_HELP -DBUG_FINALIZE
finds -DVIEWS=2 -DWITH_HELP -DBUG_PROOFS
finds -DVIEWS=2 -DWITH_HELP -DBUG_QUORUM
finds -DVIEWS=2 -DWITH_HELP -DBUG_TWICE
finds -DVIEWS=2 -DBUG_DROP
if [ "${MODEL_LARGE:-0}" = 1 ]; then
	holds -DVIEWS=3 -DWITH_HELP -DEAGER
fi
exit $bad
