#!/bin/sh
# SPDX-License-Identifier: MIT
# The options that run and launch share do in both what they say: seen in QEMU's command line, which --dry-run prints.
. tests/boot/lib.sh
printf x >"$work/image.igvm"
printf x >"$work/nutshell"
printf x >"$work/kernel"
printf x >"$work/initrd"
printf x >"$work/one"
printf x >"$work/two.qcow2"
run() { "$build/run" --nutshell "$work/nutshell" --dry-run "$@" "$work/image.igvm" >"$out" 2>"$err"; }
launch() { # its QEMU need not be fit
	status=0
	"$build/launch" --root "$work" --dry-run "$@" "$work/image.igvm" >"$out" 2>"$err" || status=$?
	[ $status -eq 0 ] || [ $status -eq 3 ]
}
options=0
gives() { # TOOL PART OPTION...: QEMU's command line has this part, and does not have it without the options
	tool=$1 part=$2
	shift 2
	"$tool" "$@" || fail "$tool $*"
	grep -qF -- "$part" "$out" || fail "$tool $*: QEMU's command line lacks: $part"
	"$tool" || fail "$tool"
	! grep -qF -- "$part" "$out" || fail "$tool: QEMU's command line has without $*: $part"
	options=$((options + 1))
}
both() {
	gives run "$@"
	gives launch "$@"
}

gives launch '-m 3072M' --memory 3G
gives launch 'id=ram0,size=3072M' --memory 3072M
gives run 'ram=3072' --memory 3G
both '-smp 7' --cpus 7
both "file=$work/one,format=raw,if=none,id=disk0" --disk "$work/one"
both "file=$work/one,format=qcow2,if=none,id=disk0" --disk "$work/one,qcow2"
both "file=$work/two.qcow2,format=qcow2,if=none,id=disk1" --disk "$work/one" --disk "$work/two.qcow2"
gives run 'ide-hd,drive=disk0,bus=ide.0 ' --disk "$work/one"
gives launch 'scsi-hd,drive=disk1,bootindex=1 ' --disk "$work/one" --disk "$work/two.qcow2"
both 'virtio-scsi-pci,id=scsi0' --disk "$work/one" --disk-bus scsi
both 'virtio-blk-pci,drive=disk0' --disk "$work/one" --disk-bus virtio
both 'nvme,drive=disk0,serial=disk0' --disk "$work/one" --disk-bus nvme
both 'ide-hd,drive=disk1,bus=ide.1' --disk "$work/one" --disk "$work/two.qcow2" --disk-bus ahci
gives run '-netdev user,id=net0 ' --network user
gives launch '-nic none' --network none
both '-netdev bridge,id=net0,br=br7' --network bridge:br7
both 'hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=tcp:127.0.0.1:80-:8080' --forward 2222:22 --forward 80:8080
both 'name=opt/org.cashew/key-broker,string=kbs://broker.example/x' --key-broker kbs://broker.example/x
gives run "name=opt/nutshell/kernel,file=$work/kernel" --kernel "$work/kernel"
gives run "name=opt/nutshell/initrd,file=$work/initrd" --kernel "$work/kernel" --initrd "$work/initrd"
gives run "'name=opt/nutshell/cmdline,string=a,,b c'" --kernel "$work/kernel" --append 'a,b c'
gives launch "-kernel $work/kernel -initrd $work/initrd -append 'a,b c'" --kernel "$work/kernel" --initrd "$work/initrd" --append 'a,b c'
both '/qemu-of-mine ' --qemu /opt/qemu-of-mine
both '-cpu EPYC-Milan ' --cpu EPYC-Milan
gives run '-icount shift=0,sleep=off' --icount
gives run '-accel tcg,thread=multi' --thread multi
gives run 'stats ' --stats
gives run 'trace ' --trace
gives run 'ram=1024 reboot ' --reboot
gives run 'c-bit=39' --option c-bit=39
gives run "file,id=log,path=$work/log" --log "$work/log"
run --memory 64M --force || fail "--force"
expect 'ram=64'

# ---- both parse alike, and say what is wrong ----
refuses() { # PATTERN OPTION...
	pattern=$1
	shift
	for tool in run launch; do
		status=0
		case $tool in
		run) "$build/run" --nutshell "$work/nutshell" --dry-run "$@" "$work/image.igvm" >"$out" 2>"$err" || status=$? ;;
		launch) "$build/launch" --root "$work" --dry-run "$@" "$work/image.igvm" >"$out" 2>"$err" || status=$? ;;
		esac
		expect_status 2
		expect "^$tool: .*$pattern" "$err"
	done
}
refuses 'at least 512M' --memory 256M
refuses 'whole MiB' --memory 1000000000
refuses '--memory 2X: write a number' --memory 2X
refuses '--cpus 0: must be 1 to' --cpus 0
refuses '--cpus 256: must be 1 to' --cpus 256
refuses 'must be ahci, nvme' --disk-bus usb
refuses 'places for 6' --disk-bus ahci --disk "$work/one" --disk "$work/one" --disk "$work/one" --disk "$work/one" --disk "$work/one" --disk "$work/one" --disk "$work/one"
refuses 'the ninth' --forward 1:1 --forward 2:2 --forward 3:3 --forward 4:4 --forward 5:5 --forward 6:6 --forward 7:7 --forward 8:8 --forward 9:9
refuses 'nowhere: No such file' --disk "$work/nowhere"
refuses 'nowhere: No such file' --kernel "$work/nowhere"
refuses 'nowhere: No such file' --kernel "$work/kernel" --initrd "$work/nowhere"
refuses 'go with --kernel' --append quiet
refuses 'HOSTPORT:GUESTPORT' --forward 22
refuses 'URL' --key-broker broker

# ---- the verbs: the same options, one image ----
for verb in run launch; do
	status=0
	./cashew $verb --dry-run --memory 640M --cpus 3 --set guest-vmpl=1 --firmware --disk "$work/one" --network none \
		--key-broker kbs://broker.example >"$out" 2>"$err" || status=$?
	[ $status -eq 0 ] || [ $verb,$status = launch,3 ] || fail "$verb: exit status $status"
	for part in '-smp 3' "file=$work/one,format=raw" '-nic none' 'string=kbs://broker.example'; do
		expect "$part"
	done
	image=$(grep -oE '/[^ ,]*\.igvm' "$out" | head -n 1)
	"$build/igvm" policy "$image" >"$work/policy" || fail "$verb: no policy in the image"
	expect '^guest-vmpl = 1$' "$work/policy"
	cp "$image" "$work/$verb.igvm"
done
cmp "$work/run.igvm" "$work/launch.igvm" || fail "run and launch make different images of the same options"
for verb in run launch; do
	for wrong in '--disk goes with --firmware|--disk|'"$work/one" '--image is a whole image|--image|'"$work/image.igvm"'|--set|console=on' \
		'exclude each other|--firmware|--payload|'"$work/one" 'unknown option --bogus|--bogus' '--memory needs a value|--memory'; do
		status=0
		(
			IFS='|'
			set -- $wrong
			shift
			unset IFS
			./cashew $verb "$@"
		) >"$out" 2>"$err" || status=$?
		expect_status 2
		expect "${wrong%%|*}" "$err"
	done
done
echo "note: $options options seen in QEMU's command line"
