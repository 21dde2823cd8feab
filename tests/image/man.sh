#!/bin/sh
# SPDX-License-Identifier: MIT
# Manual pages: every option that a tool knows is there, and they are well-formed.
. tests/boot/lib.sh
scripts/man "$build" "$work/man" >"$out" 2>"$err" || fail "no manual pages"
has() { # PAGE HELP-TEXT: every option of the help is an item of the page
	for option in $(grep -oE '^ +(-[a-z], )?--[a-z-]+' "$2" | grep -oE -- '--[a-z-]+' | sort -u); do
		grep -qF -- "$(echo "$option" | sed 's/-/\\-/g')" "$1" || fail "${1##*/} lacks $option"
		options=$((options + 1))
	done
}
options=0
for tool in run launch; do
	"$build/$tool" --help >"$work/help" || fail "$tool --help"
	has "$work/man/$tool.1" "$work/help"
done
for command in build inspect measure policy sign diff extract; do
	"$build/igvm" $command --help >"$work/help" || fail "igvm $command --help"
	has "$work/man/igvm.1" "$work/help"
	expect "^\.SH IGVM $(echo $command | tr a-z A-Z)$" "$work/man/igvm.1"
done
[ $options -ge 60 ] || fail "only $options options"
for page in "$work"/man/*.1; do
	expect '^\.TH [A-Z]+ 1 [0-9-]+ "Cashew' "$page"
	# Requests are those that these pages use; nothing else begins with a dot.
	! grep -vE '^\.(TH|SH|PP|TP|B|BR|br|I) ?|^\.\\"|^[^.]|^$' "$page" || fail "${page##*/}: an unknown request"
	expect_not '[^\\]--[a-z]' "$page"
	if command -v man >/dev/null 2>&1; then
		[ -z "$(MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null)" ] || fail "${page##*/}: warnings"
	fi
done
echo "note: $options options"
