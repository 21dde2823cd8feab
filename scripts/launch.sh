# SPDX-License-Identifier: MIT
# The body of './cashew launch', sourced by it: makes the image, if none is named, and hands over to the launch tool.

help_launch() {
	cat <<'END'
usage: ./cashew launch [OPTION...]

Starts an image as an SEV-SNP guest with this host's QEMU and KVM. The host is looked at first: processor, kernel, KVM,
QEMU. What it lacks is said in words, with what to do about it; then the same guest can be started on Nutshell.

The guest:
  --image FILE       start this IGVM file; else one is built (build/COMPILER-MODE/launch.igvm) of:
  --kernel FILE      Linux bzImage (default: a pinned Debian cloud kernel)
  --initrd FILE      initial RAM file system (default: busybox with a shell)
  --append TEXT      the kernel's command line (default: console=ttyS0 panic=-1)
  --set KEY=VALUE    the policy page; './cashew igvm policy --help' tells the keys

END
	"$launch_tool" --help | sed -n '/^  --memory/,/^Exit status/p' | sed '/^Exit status/d; /^  -h, /d'
	cat <<'END'
  --nutshell         when the host lacks something, start on Nutshell without asking
  --debug            debug build of the monitor
  --yes              install what is missing without asking

Exit status: QEMU's own; 1 it could not be started, 2 wrong usage, 3 the host cannot run the image.
END
}

image= kernel= initrd= append= nutshell= plan= settings=
mode=release
start=$(mktemp "${TMPDIR:-/tmp}/cashew-launch.XXXXXX") # what the tool gets, a word a line
both=$(mktemp "${TMPDIR:-/tmp}/cashew-launch.XXXXXX")  # what run understands, too
trap 'rm -f "$start" "$both"' EXIT
trap 'exit 130' INT TERM HUP
add() { printf '%s\n' "$@" >>"$start"; }
for word in "$@"; do
	case $word in
	-h | --help)
		build tools 2>/dev/null
		launch_tool=$(variant)/launch
		help_launch
		exit 0
		;;
	--debug) mode=debug ;;
	--yes) yes=1 ;;
	esac
done
while [ $# -gt 0 ]; do
	case $1 in
	--image | --kernel | --initrd | --append | --set | --memory | --cpus | --disk | --network | --forward | --key-broker | \
		--qemu | --cpu | --root | --cc)
		[ $# -ge 2 ] || misuse "launch: $1 needs a value; './cashew launch --help' explains"
		;;
	esac
	case $1 in
	--image) image=$(check_file --image "$2") || exit 2; shift ;;
	--kernel) kernel=$(check_file --kernel "$2") || exit 2; shift ;;
	--initrd) initrd=$(check_file --initrd "$2") || exit 2; shift ;;
	--append) append=$2; shift ;;
	--set) settings="$settings $(printf '%s' "$2" | tr ' ' ',')"; shift ;;
	--memory | --cpus | --network | --forward | --key-broker) add "$1" "$2"; printf '%s\n' "$1" "$2" >>"$both"; shift ;;
	--disk) add "$1" "$(absolute "$2")"; shift ;;
	--qemu) case $2 in */*) add "$1" "$(absolute "$2")" ;; *) add "$1" "$2" ;; esac; shift ;;
	--cpu) add "$1" "$2"; shift ;;
	--root) add "$1" "$(absolute "$2")"; shift ;;
	--check) add "$1"; plan=check ;;
	--dry-run) add "$1"; plan=${plan:-dry} ;;
	--force) add "$1" ;;
	--nutshell) nutshell=1 ;;
	--debug | --yes) ;;
	--cc) cc=$2; shift ;;
	*) misuse "launch: unknown option $1; './cashew launch --help' lists them" ;;
	esac
	shift
done

make_launch_image() {
	[ -n "$kernel" ] || ensure_third_party linux-cloud
	[ -n "$initrd" ] || ensure_third_party busybox
	[ -n "$kernel" ] || kernel=$(default_kernel linux-cloud) || exit 1
	[ -n "$initrd" ] || initrd=$(default_initrd) || exit 1
	image=$PWD/$(variant)/launch.igvm
	services=$(default_services) || exit 1
	console=off
	[ "$mode" != debug ] || console=on
	set -- --console $console ${services:+--archive "$services"}
	for setting in $settings; do
		set -- "$@" --set "$(printf '%s' "$setting" | tr ',' ' ')"
	done
	"$(variant)/igvm" build --quiet --host qemu --monitor "$(variant)/monitor.elf" --kernel "$kernel" --initrd "$initrd" \
		--append "${append:-console=ttyS0 panic=-1}" "$@" -o "$image" || exit 1
	say "cashew: the image is $image, launch digest $("$(variant)/igvm" measure --loader qemu "$image")"
}

if [ "$plan" = check ]; then
	build tools
elif [ -n "$image" ]; then
	build tools
	[ -z "$settings$kernel$initrd$append" ] || misuse "launch: --image is a whole image; other options of the guest do not go with it"
else
	build monitor services tools
	make_launch_image
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
	say "  ./cashew run --image $image$(tr '\n' ' ' <"$both" | sed 's/^./ &/')"
	exit $status
fi
set -- --image "$image"
while IFS= read -r word; do
	set -- "$@" "$word"
done <"$both"
rm -f "$start" "$both"
from=$PWD
verb_run "$@"
