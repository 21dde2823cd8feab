#!/bin/sh
# SPDX-License-Identifier: MIT
# launch on hosts that are folders, with QEMUs that are scripts: what is missing is said, what is started is right.
. tests/boot/lib.sh
launch=$build/launch
runs() { # EXPECTED-STATUS ARGUMENTS of the tool
	wanted=$1
	shift
	status=0
	"$launch" "$@" >"$out" 2>"$err" || status=$?
	expect_status "$wanted"
}

# A host that has everything, and a QEMU that has everything and writes down how it was started.
host=$work/host
make_host() {
	rm -rf "$host"
	mkdir -p "$host/proc/sys/kernel" "$host/sys/module/kvm_amd/parameters" "$host/dev"
	printf 'processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel name\t: AMD EPYC 7313\nflags\t\t: fpu sev sev_es sev_snp\n\n' \
		>"$host/proc/cpuinfo"
	echo 7.2.0-svsm >"$host/proc/sys/kernel/osrelease"
	printf '0000000000000000 T kvm_vm_ioctl [kvm]\n0000000000000000 T kvm_vm_ioctl_create_plane [kvm]\n' >"$host/proc/kallsyms"
	echo Y >"$host/sys/module/kvm_amd/parameters/sev_snp"
	touch "$host/dev/kvm" "$host/dev/sev"
	echo 0x4173 >"$host/sev-cpuid-ebx" # C-bit 51, 5 bits less
}
make_qemu() { # FILE VERSION OBJECTS MACHINE-PROPERTIES
	cat >"$1" <<END
#!/bin/sh
case "\$1 \$2" in
'-version ') echo 'QEMU emulator version $2' ;;
'-object help') printf 'List of user creatable objects:\n'; printf '  %s\n' $3 ;;
'-machine q35,help') printf 'q35 options:\n'; printf '  %s=<value>\n' $4 ;;
*) printf '%s\n' "\$@" >'$work/started'; exit 42 ;;
esac
END
	chmod +x "$1"
}
make_host
qemu=$work/qemu
make_qemu "$qemu" 11.0.1 'igvm-cfg sev-snp-guest' 'acpi device-plane'
image=$work/image.igvm
"$build/igvm" build --quiet --monitor "$build/monitor.elf" --payload "$build/payload.elf" -o "$image" || fail "no image"
head -c 1048576 /dev/zero >"$work/disk.qcow2"
cp "$work/disk.qcow2" "$work/disk"

# ---- a fit host ----
runs 0 --root "$host" --qemu "$qemu" --check
expect '^yes  processor with SEV-SNP: AMD EPYC 7313$'
[ "$(grep -c '^yes ' "$out")" -eq 9 ] || fail "not nine things that are there"
expect_not '^NO|^\?'
runs 0 --root "$host" --qemu "$qemu" --dry-run --memory 4G --cpus 8 --disk "$work/disk.qcow2" --disk "$work/disk,raw" \
	--forward 2222:22 --key-broker kbs://broker.example/x "$image"
[ ! -s "$err" ] || fail "complaints about a fit host"
line=$(cat "$out")
for part in 'confidential-guest-support=sev0,memory-backend=ram0,igvm-cfg=igvm0,kernel-irqchip=split,device-plane=2' \
	'-smp 8 -m 4096M' 'size=4096M' 'sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=5' "igvm-cfg,id=igvm0,file=$image" \
	"file=$work/disk.qcow2,format=qcow2,if=none,id=disk0" "file=$work/disk,format=raw,if=none,id=disk1" \
	'hostfwd=tcp:127.0.0.1:2222-:22' 'virtio-net-pci,netdev=net0,disable-legacy=on,iommu_platform=on' \
	'opt/org.cashew/key-broker,string=kbs://broker.example/x'; do
	case $line in *"$part"*) ;; *) fail "QEMU's command line lacks: $part" ;; esac
done
case $line in *' -bios '* | *pflash*) fail "firmware beside an IGVM file" ;; esac
runs 0 --root "$host" --qemu "$qemu" --dry-run --network bridge:br0 "$image"
expect 'bridge,id=net0,br=br0'
runs 0 --root "$host" --qemu "$qemu" --dry-run --network none "$image"
expect '-nic none'
# What is printed, a shell takes; and without a root, with --force, it is what is started.
sh -c "$(cat "$out")" || [ $? -eq 42 ] || fail "the printed line does not run"
cp "$work/started" "$work/printed"
rm -f "$work/started"
runs 42 --qemu "$qemu" --force --network none "$image"
for which in started printed; do
	grep -v cbitpos "$work/$which" >"$work/$which.rest" # this host's own C-bit
done
cmp "$work/started.rest" "$work/printed.rest" || fail "what is started is not what is printed"

# ---- each thing that can be missing, alone ----
lacks() { # PATTERN-OF-THE-FINDING PATTERN-OF-THE-REMEDY
	runs 3 --root "$host" --qemu "$qemu" --check
	[ "$(grep -c '^NO ' "$out")" -eq 1 ] || fail "not exactly one thing is missing"
	expect "^NO .*$1"
	expect "to do: .*$2"
	runs 3 --root "$host" --qemu "$qemu" --dry-run "$image" # the line is printed all the same
	expect '^/.* -enable-kvm'
	expect "^NO .*$1" "$err"
	make_host
}
sed -i 's/AuthenticAMD/GenuineIntel/; s/AMD EPYC 7313/Intel Xeon/' "$host/proc/cpuinfo"
lacks "Intel Xeon, which is not AMD's" 'EPYC 7003'
sed -i 's/ sev_snp//; s/family\t: 25/family\t: 23/' "$host/proc/cpuinfo"
lacks 'older than SEV-SNP' 'EPYC 7003'
sed -i 's/ sev_snp//' "$host/proc/cpuinfo"
lacks 'does not show sev_snp' 'firmware setup'
sed -i 's/ sev_snp/ sev_snp_other hypervisor/' "$host/proc/cpuinfo"
lacks 'a virtual one' 'inside a virtual machine'
echo 6.10.3 >"$host/proc/sys/kernel/osrelease"
lacks 'Linux 6.10.3' '6.11'
rm "$host/dev/kvm"
lacks 'there is no /dev/kvm' 'kvm_amd'
echo N >"$host/sys/module/kvm_amd/parameters/sev_snp"
lacks 'sev_snp=N' 'dmesg'
rm -r "$host/sys/module/kvm_amd"
lacks 'is not loaded' 'CONFIG_KVM_AMD_SEV'
rm "$host/dev/sev"
lacks 'there is no /dev/sev' 'ccp'
sed -i '/plane/d' "$host/proc/kallsyms"
lacks 'does not have them' 'planes'
for way in "10.0.9|igvm-cfg sev-snp-guest|device-plane|QEMU 10.0|10.1" "10.1.0|sev-snp-guest|device-plane|igvm-cfg|enable-igvm" \
	"10.1.0|igvm-cfg|device-plane|no object sev-snp-guest|10.1" "11.2.0|igvm-cfg sev-snp-guest|device-plane-not|device-plane|svsm"; do
	IFS='|' read -r version objects properties finding remedy <<END
$way
END
	make_qemu "$qemu" "$version" "$objects" "$properties"
	lacks "$finding" "$remedy"
done
runs 3 --root "$host" --qemu "$work/nowhere" --check
expect '^NO .*nowhere.* cannot be run'
printf '#!/bin/sh\necho hello\n' >"$qemu"
runs 3 --root "$host" --qemu "$qemu" --check
expect '^NO .*does not tell its version'
make_qemu "$qemu" 11.0.1 'igvm-cfg sev-snp-guest' 'device-plane'
rm -r "$host/proc"
runs 0 --root "$host" --qemu "$qemu" --check # unknown is not missing
[ "$(grep -c '^?' "$out")" -eq 3 ] || fail "not three things unknown"
make_host
# A processor line that is longer than any buffer.
{ printf 'vendor_id\t: AuthenticAMD\nmodel name\t: '; head -c 20000 /dev/zero | tr '\0' x; printf '\nflags\t: sev_snp\n'; } >"$host/proc/cpuinfo"
runs 0 --root "$host" --qemu "$qemu" --check

# ---- wrong usage ----
misuses() { # PATTERN ARGUMENTS
	pattern=$1
	shift
	runs 2 --root "$host" --qemu "$qemu" --dry-run "$@"
	expect "$pattern" "$err"
}
misuses '512M' --memory 1M "$image"
misuses 'number' --memory big "$image"
misuses 'number' --memory 99999999999999999999G "$image"
misuses '1 to 255' --cpus 0 "$image"
misuses 'No such file' --disk "$work/nowhere" "$image"
misuses 'raw or qcow2' --disk "$work/disk,id=x" "$image"
misuses 'user, none' --network 'bridge:a,b' "$image"
misuses 'HOSTPORT' --forward 22 "$image"
misuses 'HOSTPORT' --forward 0:22 "$image"
misuses 'HOSTPORT' --forward 22:70000 "$image"
misuses 'works with --network user' --network none --forward 22:22 "$image"
misuses 'URL' --key-broker broker.example "$image"
misuses 'no blanks' --key-broker 'kbs://x,y' "$image"
misuses 'No such file' "$work/nowhere.igvm"
misuses 'exactly one'
misuses 'help' --bogus "$image"
runs 2 --root "$host" "$image"
expect 'nothing is started' "$err"

# ---- the verb: builds an image, looks at this host, names Nutshell's command ----
status=0
./cashew launch --qemu "$qemu" --root "$host" --dry-run --image "$image" >"$out" 2>"$err" || status=$?
expect_status 0
expect "igvm-cfg,id=igvm0,file=$image"
if ! "$launch" --qemu "$qemu" --check >/dev/null 2>&1; then
	status=0
	./cashew launch --qemu "$qemu" --memory 512M --image "$image" >"$out" 2>"$err" </dev/null || status=$?
	expect_status 3
	expect "^  ./cashew run --image $image --memory 512M" "$err"
fi
