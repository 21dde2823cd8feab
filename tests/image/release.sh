#!/bin/sh
# SPDX-License-Identifier: MIT
# A release is the same, bit for bit, from this tree and from its own source tarball in another folder; its sums, digests
# and bill of materials are right.
. tests/boot/lib.sh
./cashew release --yes --output "$work/one" >"$out" 2>"$err" || fail "no release"
name=$(cd "$work/one" && ls *.tar.gz) && name=${name%.tar.gz}
tar -xzf "$work/one/$name.tar.gz" -C "$work" || fail "the source tarball"
ln -s "$(readlink -f .cache)" "$work/$name/.cache"
(cd "$work/$name" && ./cashew release --yes --output "$work/two") >"$out" 2>"$err" || fail "no release from the source tarball"
diff -r "$work/one" "$work/two" >"$out" || fail "two releases differ"

(cd "$work/one" && sha256sum --check --quiet SHA256SUMS) || fail "sums"
[ "$(wc -l <"$work/one/SHA256SUMS")" -eq $(($(ls "$work/one" | wc -l) - 1)) ] || fail "a file without a sum"
images=0
for image in "$work/one/$name"-*.igvm; do
	for loader in qemu library; do
		expect "\"$loader\": \"$(python3 tests/image/launch_digest.py "$image" $loader)\"" "${image%.igvm}.json"
	done
	images=$((images + 1))
done
[ $images -ge 6 ] || fail "$images images, expected six or more"
expect '^    guest-vmpl = 2$' "$work/one/policy.txt"
changed=$("$build/igvm" measure --loader qemu --set guest-vmpl=1 --set services=off "$work/one/$name-qemu-linux.igvm") || fail "measure"
expect "guest-vmpl=1 console=off services=off  $changed" "$work/one/policy.txt"
python3 - "$work/one/sbom.spdx.json" third-party/pins <<'END' || fail "bill of materials"
import json, sys
document = json.load(open(sys.argv[1]))
pins = {line.split()[3]: line.split()[:2] for line in open(sys.argv[2]) if line.strip() and not line.startswith("#")}
packages = {p["name"]: p for p in document["packages"]}
assert {"cashew", "bearssl", "musl", "openssl", "libtpms", "busybox", "linux-cloud"} <= set(packages), packages.keys()
for name, package in packages.items():
    if name != "cashew":
        assert pins[package["checksums"][0]["checksumValue"]] == [name, package["versionInfo"]], package
related = {r["relatedSpdxElement"] for r in document["relationships"]}
assert {p["SPDXID"] for p in document["packages"]} == related
END
echo "note: $images images, the same from the source tarball"
