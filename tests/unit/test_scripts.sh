#!/bin/sh
# The scripts that guard the tree, tried on trees that break their rules.
set -u

scripts=$(cd "$(dirname "$0")/../../scripts" && pwd)
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
number=0
failed=0

result() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' "$work/out"
		failed=1
	fi
}

# A fresh tree with one file in each folder that these tests touch.
fresh_tree() {
	rm -rf "$work/tree"
	for folder in src/base src/governance src/ledger src/storage \
		src/admin src/node src/cli consensus net proto tests/unit \
		doc/spec; do
		mkdir -p "$work/tree/$folder"
	done
	cat >"$work/tree/doc/spec/consensus.md" <<-SPEC
	# Consensus
	## Rules
	4. On a quorum of NOTARIZE keep the notarization.
	## 7.2 Back-off
	SPEC
	echo '#include "base/bytes.h"' >"$work/tree/src/governance/a.c"
}

# accepts NAME FILE TEXT: the tree with TEXT in FILE is fine.
accepts() {
	fresh_tree
	printf '%s\n' "$3" >"$work/tree/$2"
	"$scripts/check-layers" "$work/tree" >"$work/out" 2>&1
	result $? "$1"
}

# refuses NAME FILE TEXT COMPLAINT: exactly that complaint, in line 1 of FILE.
refuses() {
	fresh_tree
	printf '%s\n' "$3" >"$work/tree/$2"
	if "$scripts/check-layers" "$work/tree" >"$work/out" 2>&1; then
		result 1 "$1"
	else
		[ "$(cat "$work/out")" = "$2:1: $4" ]
		result $? "$1"
	fi
}

accepts "a folder may use what stands below it" src/ledger/b.c \
	'#include "governance/types.h"'
accepts "tests may include anything" tests/unit/test_b.c \
	'#include "node/node.h"'
accepts "a comment is not code" src/governance/b.c \
	'/* time(), a double and #include <time.h> are out of place here. */'
accepts "a rule that is in the specification may be cited" consensus/b.c \
	'/* SPEC consensus 4: keep the notarization. SPEC consensus 7.2 */'
refuses "governance may not use the ledger" src/governance/b.c \
	'#include "ledger/tx.h"' 'governance may not include ledger/tx.h'
refuses "consensus and governance never see each other" consensus/b.h \
	'#include "governance/types.h"' \
	'consensus may not include governance/types.h'
refuses "adapters never include each other" net/b.c \
	'#include "storage/store.h"' 'net may not include storage/store.h'
refuses "storage stays below the pure folders" src/storage/b.c \
	'#include "ledger/tx.h"' 'storage may not include ledger/tx.h'
refuses "nothing below sees the node" src/admin/b.c \
	'#include "node/node.h"' 'admin may not include node/node.h'
refuses "the node does not see the command line" src/node/b.c \
	'#include "cli/cli.h"' 'node may not include cli/cli.h'
refuses "a pure folder has no event loop" src/ledger/b.c '#include <ev.h>' \
	'pure folder ledger includes ev.h'
refuses "a pure folder has no ZeroMQ" consensus/b.c '# include <zmq.h>' \
	'pure folder consensus includes zmq.h'
refuses "a pure folder has no clock" consensus/b.c '#include <time.h>' \
	'pure folder consensus includes time.h'
refuses "a pure folder has no system calls" src/governance/b.c \
	'#include <sys/stat.h>' 'pure folder governance includes sys/stat.h'
refuses "a pure folder has no threads" src/governance/b.c \
	'#include <pthread.h>' 'pure folder governance includes pthread.h'
refuses "a pure folder never logs" src/ledger/b.c '#include "base/log.h"' \
	'pure folder ledger includes base/log.h'
refuses "a pure folder does not compute with floats" src/governance/b.c \
	'double share;' 'pure folder governance uses floating point'
refuses "a pure folder draws no random numbers" consensus/b.c \
	'	x = rand();' 'pure folder consensus uses randomness'
refuses "only crypto calls libsodium" src/node/b.c '#include <sodium.h>' \
	'only src/crypto includes sodium.h'
refuses "only storage calls LevelDB" src/node/b.c '#include <leveldb/c.h>' \
	'only src/storage includes leveldb/c.h'
refuses "a citation names a specification that exists" src/governance/b.c \
	'/* SPEC governance 1: rules */' 'doc/spec/governance.md does not exist'
refuses "a citation names a rule that exists" consensus/b.c \
	'/* SPEC consensus 5: rules */' 'doc/spec/consensus.md has no 5'

refuses "a pure folder sees no generated protobuf header" src/ledger/b.c \
	'#include "proto/tx.pb-c.h"' \
	'pure folder ledger includes proto/tx.pb-c.h'

"$scripts/bootstrap" --nonsense >"$work/out" 2>&1
[ $? = 1 ] && grep -q 'unknown option --nonsense' "$work/out" &&
	[ "$(wc -l <"$work/out")" = 1 ]
result $? "bootstrap answers a wrong option with one line"

# A machine without dpkg, played by an empty PATH folder.
mkdir -p "$work/bin"
for tool in dirname sed awk sort tr mktemp id cat; do
	ln -s "$(command -v $tool)" "$work/bin/$tool"
done
PATH=$work/bin /bin/sh "$scripts/bootstrap" >"$work/out" 2>&1
[ $? = 1 ] && grep -q 'not Debian' "$work/out" &&
	[ "$(wc -l <"$work/out")" = 1 ]
result $? "bootstrap says in one line that this is not Debian"

# fake_apt SCRIPT: dpkg knows no package and apt-get does what SCRIPT says.
fake_apt() {
	printf '#!/bin/sh\nexit 1\n' >"$work/bin/dpkg-query"
	printf '#!/bin/sh\n%s\nexit 100\n' "$1" >"$work/bin/apt-get"
	printf '#!/bin/sh\necho %s\n' "${2:-0}" >"$work/bin/id.new"
	mv "$work/bin/id.new" "$work/bin/id"
	chmod +x "$work/bin/dpkg-query" "$work/bin/apt-get" "$work/bin/id"
	for tool in env grep tail rm wc; do
		ln -sf "$(command -v $tool)" "$work/bin/$tool"
	done
	PATH=$work/bin TMPDIR=$work /bin/sh "$scripts/bootstrap" \
		>"$work/out" 2>"$work/err" </dev/null
	code=$?
	grep -v '^bootstrap: installing' "$work/err" >"$work/out"
	[ $code = 1 ] && [ "$(wc -l <"$work/out")" = 1 ]
}

fake_apt 'echo "Temporary failure resolving mirror.example"' &&
	grep -q 'mirror cannot be reached' "$work/out"
result $? "bootstrap says in one line that the mirror cannot be reached"

fake_apt 'echo "E: Unable to locate package spin"' &&
	grep -q 'do not have: spin' "$work/out"
result $? "bootstrap names the package that the sources do not have"

fake_apt 'exit 100' 1000 && grep -q 'not root and no sudo' "$work/out"
result $? "bootstrap says in one line that it needs root"

"$scripts/sample-election" 7 3 20 >"$work/one"
"$scripts/sample-election" 7 3 20 >"$work/two"
"$scripts/sample-election" 8 3 20 >"$work/three"
cmp "$work/one" "$work/two" >"$work/out" && ! cmp -s "$work/one" "$work/three"
result $? "the same seed makes the same election, another seed another"

awk -F, 'NR == 1 { if ($0 != "bip,voter,choice,vp") exit 1; next }
	NF != 4 || length($2) != 42 || $3 < 1 || $3 > 3 || $4 < 1 ||
		seen[$1, $2]++ { exit 1 }' "$work/one" >"$work/out"
result $? "a voter stands once in a proposal, with a choice and some power"

echo "1..$number"
exit $failed
