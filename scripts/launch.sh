# SPDX-License-Identifier: MIT
# The body of './cashew launch', sourced by it: makes the image, if none is named, and hands over to the launch tool.

# Lines as words that a shell takes.
quoted() {
	while IFS= read -r word; do
		case $word in
		*[!A-Za-z0-9_./,:=@%+-]*) printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
}

help_launch() {
	cat <<'END'
usage: ./cashew launch [OPTION...]

Starts an image as an SEV-SNP guest with this host's QEMU and KVM. The host is looked at first: processor, kernel, KVM,
QEMU. What it lacks is said in words, with what to do about it; then the same guest can be started on Nutshell.

END
	help_guest
	help_machine 255 scsi user EPYC-v4
	cat <<'END'
  --force            start although something seems to be missing

The host:
  --check            only look at it
  --root DIR         look for its /proc, /sys and /dev there (with --check or --dry-run)
  --nutshell         when it lacks something, start on Nutshell without asking
  --debug            debug build of the monitor
  --release          the optimised build (default)
  --cc COMPILER      gcc (default) or clang-19
  --yes              install what is missing without asking

Exit status: QEMU's own; 1 it could not be started, 2 wrong usage, 3 the host cannot run the image.
END
}

. scripts/guest.sh
guest_begin
mode=release nutshell= plan=
while [ $# -gt 0 ]; do
	take_guest_option launch "$@"
	if [ $taken -ne 0 ]; then
		shift $taken
		continue
	fi
	case $1 in
	-h | --help) help_launch; exit 0 ;;
	--root)
		[ $# -ge 2 ] || misuse "launch: --root needs a value; './cashew launch --help' explains"
		add --root "$(absolute "$2")"
		shift
		;;
	--check) add "$1"; plan=check ;;
	--nutshell) nutshell=1 ;;
	*) misuse "launch: unknown option $1; './cashew launch --help' lists them" ;;
	esac
	shift
done
[ -z "$dry_run" ] || plan=${plan:-dry}
check_guest launch
default_cmdline='console=ttyS0 panic=-1'

if [ "$plan" = check ]; then
	build tools
elif [ -n "$image" ]; then
	build tools
	make_image
else
	build monitor services tools
	make_image "$PWD/$(variant)/launch.igvm"
	say "cashew: the image is $image, launch digest $("$(variant)/igvm" measure --loader qemu "$image")"
fi
set --
while IFS= read -r word; do
	set -- "$@" "$word"
done <"$start"
status=0
"$(variant)/launch" "$@" ${image:+"$image"} || status=$?
[ $status -eq 3 ] && [ -z "$plan" ] || exit $status

# ---- the host cannot: Nutshell can ----
say "cashew: Nutshell, the emulated machine, can run the same image here (nothing is confidential then)."
if [ -z "$nutshell" ] && [ -t 0 ]; then
	printf 'cashew: Start it there? [Y/n] ' >&2
	read -r answer || answer=n
	case $answer in '' | y | Y | yes | Yes | j | J) nutshell=1 ;; esac
fi
if [ -z "$nutshell" ]; then
	say "  ./cashew run --image $image$(quoted <"$both")"
	exit $status
fi
set -- --image "$image"
while IFS= read -r word; do
	set -- "$@" "$word"
done <"$both"
rm -f "$start" "$both"
from=$PWD
verb_run "$@"
