# SPDX-License-Identifier: MIT
# What './cashew run' and './cashew launch' have in common, sourced by ./cashew: the options that say what the guest is
# and what machine it gets, and the image that is made of it.

help_guest() { # the same options for both, but for what their tools say of defaults
	cat <<'END'
The guest:
  --kernel FILE      Linux bzImage (default: a pinned Debian cloud kernel)
  --initrd FILE      initial RAM file system (default: busybox with a shell)
  --append TEXT      more words for the kernel's command line
  --cmdline TEXT     the whole command line instead
  --add FILE         put FILE into the guest's /root; may be given again
  --tpm              a guest with tools for the monitor's TPM: tpm2-tools, /dev/tpm0, attestation reports
  --payload FILE     instead of Linux: a static program (see tests/guest)
  --firmware [FILE]  instead of Linux: OVMF, up to its shell. FILE is another build of OVMF than the pinned one of 2026.08,
                     firmware in an IGVM file, or 2025.02 for the pinned one of that version
  --linux            with --firmware: Linux, which the firmware starts; also implied by --kernel, --initrd, --append,
                     --cmdline, --script and --tpm
  --services FILE    archive of the services that the monitor runs (default: the vTPM alone, see docs/vtpm.md)
  --no-services      a monitor without services
  --set KEY=VALUE    the policy page; './cashew igvm policy --help' tells the keys
  --image FILE       this IGVM file instead of one that is built; --kernel, --initrd and --append are for the firmware in it

END
}

help_machine() { # LIMIT-OF-CPUS BUS NETWORK MODEL
	cat <<END
The machine:
  --memory SIZE      RAM of the guest, 512M or more (default 1G)
  --cpus N           virtual processors, 1 to $1 (default 1)
  --disk FILE[,raw|qcow2]
                     a disk: the firmware starts what it finds there; up to 8
  --disk-bus BUS     where disks are: ahci, nvme, virtio or scsi (default $2)
  --network user|none|bridge:NAME
                     QEMU's own network, or a bridge of this machine's (default $3)
  --forward H:G      TCP port H of this machine leads to port G of the guest, with --network user
  --key-broker URL   told to the guest as fw_cfg file opt/org.cashew/key-broker; a hint, not measured
  --qemu FILE        QEMU to use, or 10 or 11 for one that './cashew setup --qemu' fetched
  --cpu MODEL        processor model for QEMU (default $4)
  --dry-run          print QEMU's command line instead of running it
END
}

# Words for the tools, one a line: all of them, and those that mean the same to run and to launch.
add() { printf '%s\n' "$@" >>"$start"; }
add_both() {
	add "$@"
	printf '%s\n' "$@" >>"$both"
}

guest_begin() {
	tpm= added= kernel= initrd= append= cmdline= payload= firmware= linux= disk= services=default image= qemu= settings=
	dry_run= keep_image= made_image=
	start=$(mktemp "${TMPDIR:-/tmp}/cashew-guest.XXXXXX")
	both=$(mktemp "${TMPDIR:-/tmp}/cashew-guest.XXXXXX")
	trap 'rm -f "$start" "$both" ${made_image:+"$made_image"}' EXIT
	trap 'exit 130' INT TERM HUP
}

# Sets $taken to the number of words that the first option is made of; 0: it is not one of these.
take_guest_option() { # VERB OPTION [VALUE...]
	taken=2
	case $2 in
	--kernel | --initrd | --append | --cmdline | --add | --payload | --services | --set | --image | --memory | --cpus | --disk | \
		--disk-bus | --network | --forward | --key-broker | --qemu | --cpu | --cc)
		[ $# -ge 3 ] || misuse "$1: $2 needs a value; './cashew $1 --help' explains"
		;;
	*) taken=1 ;;
	esac
	case $2 in
	--kernel) kernel=$(check_file --kernel "$3") || exit 2; linux=1 ;;
	--initrd) initrd=$(check_file --initrd "$3") || exit 2; linux=1 ;;
	--append) append="$append $3"; linux=1 ;;
	--cmdline) cmdline=$3; linux=1 ;;
	--add) added="$added$(check_file --add "$3")
" || exit 2; linux=1 ;;
	--tpm) tpm=1; linux=1 ;;
	--payload) payload=$(check_file --payload "$3") || exit 2 ;;
	--firmware)
		firmware=ovmf
		case ${3:-} in
		'' | -*) ;;
		2025.02) firmware=ovmf-2025.02; taken=2 ;;
		*) firmware=$(check_file --firmware "$3") || exit 2; taken=2 ;;
		esac
		;;
	--linux) linux=1 ;;
	--services) services=$(check_file --services "$3") || exit 2 ;;
	--no-services) services= ;;
	--set) settings="$settings$3
" ;;
	--image) image=$(check_file --image "$3") || exit 2 ;;
	--disk) check_file --disk "${3%%,*}" >/dev/null || exit 2; disk=1; add_both --disk "$(absolute "$3")" ;;
	--memory | --cpus | --network | --forward | --key-broker) add_both "$2" "$3" ;;
	--disk-bus | --cpu) add "$2" "$3" ;;
	--qemu) qemu=$(find_qemu "$3") || exit 1; add --qemu "$qemu" ;;
	--dry-run) dry_run=1; add "$2" ;;
	--force) add "$2" ;;
	--debug) mode=debug ;;
	--release) mode=release ;;
	--cc) cc=$3 ;;
	--yes) yes=1 ;;
	*) taken=0 ;;
	esac
}

check_guest() { # VERB
	[ -z "$tpm" ] || [ -z "$kernel$initrd$payload$image" ] ||
		misuse "$1: --tpm brings a kernel and an initial RAM file system of its own; not with --kernel, --initrd, --payload or --image"
	[ -z "$firmware" ] || [ -z "$payload" ] || misuse "$1: --firmware and --payload exclude each other"
	[ -z "$image" ] || [ -z "$firmware$payload$added$settings" ] ||
		misuse "$1: --image is a whole image: --firmware, --payload, --add and --set do not go with it"
	# A kernel that is started directly gets ACPI tables without PCI.
	[ -n "$firmware$image" ] || [ -z "$disk" ] || misuse "$1: --disk goes with --firmware"
}

default_kernel() { # PIN: prints the path of its vmlinuz
	directory=$(third_party "$1") || return 1
	for file in "$directory"/usr/lib/modules/*/vmlinuz "$directory"/boot/vmlinuz-*; do
		[ ! -f "$file" ] || { printf '%s\n' "$file"; return 0; }
	done
	die "no kernel in $directory"
}

default_initrd() { # prints the path
	initrd_file=build/guest/initramfs${tpm:+-tpm}.gz
	tools/initramfs/build ${tpm:+--tpm} "$initrd_file" || return 1
	printf '%s\n' "$initrd_file"
}

# The archive of services that a guest gets when the user names none: prints its path, or nothing.
default_services() {
	printf '%s\n' "$(variant)/services.archive"
}

# Puts the files of --add, one a line, into the initial RAM file system.
add_files() {
	files=$added
	set --
	while [ -n "$files" ]; do
		set -- "$@" "${files%%
*}"
		files=${files#*
}
	done
	tools/initramfs/add "$initrd" "build/guest/initramfs-added.gz" "$@" || exit 1
	initrd=$PWD/build/guest/initramfs-added.gz
}

# Fills in what the user did not name: $kernel, $initrd, $cmdline.
choose_linux() {
	[ -n "$kernel" ] || ensure_third_party linux-cloud
	[ -n "$initrd" ] || ensure_third_party busybox
	[ -z "$tpm" ] || ensure_third_party $tpm_pins
	[ -n "$kernel" ] || kernel=$(default_kernel linux-cloud) || exit 1
	[ -n "$initrd" ] || initrd=$(default_initrd) || exit 1
	[ -z "$added" ] || add_files
	[ -n "$cmdline" ] || cmdline=$default_cmdline$append
}

# Files that the guest's firmware finds in fw_cfg.
add_kernel() {
	add_both --kernel "$(from_here "$kernel")"
	[ -z "$initrd" ] || add_both --initrd "$(from_here "$initrd")"
	[ -z "$cmdline" ] || add_both --append "$cmdline"
}

from_here() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$PWD" "$1" ;; esac; }

choose_firmware() {
	case $firmware in
	*/*) return ;;
	esac
	ensure_third_party "$firmware"
	firmware=$(third_party "$firmware")/usr/share/ovmf/OVMF.fd || exit 1
}

# Builds the IGVM file, unless the user named one: sets $image. $guest is what it starts: linux, payload, disk, image, or
# firmware, which nothing is there for but its shell.
make_image() { # OUTPUT
	guest=image
	if [ -n "$image" ]; then
		cmdline=${cmdline:-${append# }}
		[ -z "$kernel" ] || add_kernel
		return
	fi
	image=$1 guest=linux console=off
	[ "$mode" != debug ] || console=on
	if [ -n "$payload" ]; then
		guest=payload
		[ "$services" != default ] || services=
	fi
	[ "$services" != default ] || services=$(default_services) || exit 1
	case $guest,$firmware,$linux$disk in
	payload,*) set -- --payload "$payload" ;;
	*,,*) choose_linux; set -- --kernel "$kernel" --initrd "$initrd" --append "$cmdline" ;;
	*,*,) guest=firmware ;;
	esac
	if [ -n "$firmware" ]; then
		choose_firmware
		set -- --firmware "$firmware"
		if [ -n "$linux" ]; then
			choose_linux
			add_kernel
		fi
	fi
	while [ -n "$settings" ]; do
		set -- "$@" --set "${settings%%
*}"
		settings=${settings#*
}
	done
	"$(variant)/igvm" build --quiet --host qemu --monitor "$(variant)/monitor.elf" --console $console ${services:+--archive "$services"} "$@" -o "$image" || exit 1
}
