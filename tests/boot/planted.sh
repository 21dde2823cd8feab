# SPDX-License-Identifier: MIT
# For tests with faults in the source that a search must find: '. tests/boot/planted.sh' behind lib.sh. A copy of the tree
# gets them, in $tree; what has not changed is not compiled again.
tree=$work/tree
variant=$tree/build/gcc-release
mkdir -p "$variant"
cp -R Makefile mk include lib kernel nutshell services tools scripts third-party tests "$tree/" || fail "no copy of the tree"
ln -s "$PWD/.cache" "$tree/.cache"
[ ! -d "$build/obj" ] || cp -pR "$build/obj" "$build/parts" "$variant/"
find "$tree" -path "$tree/build" -prune -o -type f -exec touch -r Makefile {} +

plant() { # FILE SED-SCRIPT
	cp -p "$tree/$1" "$work/original"
	sed "$2" "$work/original" >"$tree/$1"
	cmp -s "$work/original" "$tree/$1" && fail "the fault for $1 does not fit any more"
	true
}

build_planted() { # TARGET...
	make -C "$tree" --no-print-directory CC=gcc MODE=release "$@" >"$out" 2>&1 || fail "with the faults it does not build"
}
