#!/bin/sh
# SPDX-License-Identifier: MIT
# Manual pages: every option that a tool knows is there, and they are well-formed.
. tests/boot/lib.sh
scripts/man "$build" "$work/man" >"$out" 2>"$err" || fail "no manual pages"
# The options that a help text explains: those of an item's name, which ends at two blanks.
in_help() { sed -nE '/^  -/{s/^  //; s/  .*//; p}' "$1" | grep -oE -- '--[a-z-]+' | names; }
names() { sort -u | grep -vx -- --help; }
has() { # PAGE HELP-TEXT: every option of the help is an item of the page
	for option in $(in_help "$2"); do
		grep -qF -- "$(echo "$option" | sed 's/-/\\-/g')" "$1" || fail "${1##*/} lacks $option"
		options=$((options + 1))
	done
}
# What the sources take and what --help says are the same options.
in_tables() { grep -ohE '\{ "[a-z-]+", ((no|required|optional)_argument|[01]), NULL' "$@" | sed 's/{ "\(.*\)",.*/--\1/' | names; }
in_cases() { grep -ohE '^	+(-[a-z] \| )?--[a-z-]+( \| --[a-z-]+)*\)' "$@" | grep -oE -- '--[a-z-]+' | names; }
same() { # WHAT OPTIONS-OF-SOURCE: with $work/help
	in_help "$work/help" >"$work/said"
	printf '%s\n' "$2" >"$work/taken"
	diff "$work/taken" "$work/said" >"$out" || fail "$1: options of the source and of --help differ"
	[ -s "$work/said" ] || fail "$1: no options"
}
options=0
for tool in run launch verify; do
	"$build/$tool" --help >"$work/help" || fail "$tool --help"
	has "$work/man/$tool.1" "$work/help"
	case $tool in
	verify) same $tool "$(in_tables tools/verify/*.c)" ;;
	run) # two words that are no options of the table
		sed -i '/^  --tsc/d' "$work/help"
		same $tool "$(in_tables tools/run/*.c tools/devices/devices.h)"
		;;
	*) same $tool "$(in_tables tools/$tool/*.c tools/devices/devices.h)" ;;
	esac
done
for verb in run launch; do
	./cashew $verb --help >"$work/help" || fail "cashew $verb --help"
	has "$work/man/cashew.1" "$work/help"
	case $verb in
	run)
		sed -n '/^verb_run/,/^}/p' cashew >"$work/verb"
		sed -i '/^  --tpm-demo/d' "$work/help" # it has a script of its own
		;;
	*) sed -n '/^guest_begin/,/^done/p' scripts/launch.sh >"$work/verb" ;;
	esac
	sed -n '/^take_guest_option/,/^}/p' scripts/guest.sh >>"$work/verb"
	same "cashew $verb" "$(in_cases "$work/verb")"
done
for verb in test build setup clean bench stress prove fuzz coverage assurance release; do
	./cashew $verb --help >"$work/help" || fail "cashew $verb --help"
	expect "^usage: ./cashew $verb" "$work/help"
	has "$work/man/cashew.1" "$work/help"
	expect "^\.SH CASHEW $(echo $verb | tr a-z A-Z)$" "$work/man/cashew.1"
done
for command in build inspect measure policy sign diff extract; do
	"$build/igvm" $command --help >"$work/help" || fail "igvm $command --help"
	has "$work/man/igvm.1" "$work/help"
	case $command in
	policy) same "igvm $command" "$(in_tables tools/igvm/policy_command.c)" ;;
	*) same "igvm $command" "$(in_tables tools/igvm/$command.c)" ;;
	esac
	expect "^\.SH IGVM $(echo $command | tr a-z A-Z)$" "$work/man/igvm.1"
done
[ $options -ge 150 ] || fail "only $options options"
for page in "$work"/man/*.1; do
	expect '^\.TH [A-Z]+ 1 [0-9-]+ "Cashew' "$page"
	# Requests are those that these pages use; nothing else begins with a dot.
	! grep -vE '^\.(TH|SH|PP|TP|B|BR|br|I) ?|^\.\\"|^[^.]|^$' "$page" || fail "${page##*/}: an unknown request"
	expect_not '[^\\]--[a-z]' "$page"
	if command -v groff >/dev/null 2>&1; then
		[ -z "$(groff -man -Tutf8 -ww -z "$page" 2>&1)" ] || fail "${page##*/}: groff warns"
	fi
	if command -v mandoc >/dev/null 2>&1; then
		mandoc -Tlint -W warning "$page" >"$out" 2>&1 || fail "${page##*/}: mandoc warns"
	fi
	if command -v man >/dev/null 2>&1; then
		[ -z "$(MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null)" ] || fail "${page##*/}: warnings"
	fi
done
echo "note: $options options"
