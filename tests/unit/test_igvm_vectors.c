/* SPDX-License-Identifier: MIT */
/*
 * Published values: those of the tests of sev-snp-measure (the virtee project), which were compared with hardware there.
 * They fix the layout of PAGE_INFO, of save areas as KVM makes them, of ID blocks and of key digests.
 */
#include "abi/snp.h"
#include "tests/unit/unit.h"
#include "tools/igvm/digest.h"
#include "tools/igvm/id_block.h"
#include "tools/igvm/sha384.h"

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void from_hex(const char *text, uint8_t *out)
{
	for (size_t i = 0; text[2 * i] != '\0'; i++)
		out[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
}

static void extend_range(uint8_t digest[SNP_DIGEST_SIZE], uint8_t type, uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at < to; at += 4096) {
		struct step step = { .gpa = at, .type = type };

		step_extend(&step, digest);
	}
}

/* A vCPU at reset as KVM measures it, processor model EPYC-v4 (family 23, model 1, stepping 2). */
static struct vmsa reset_state(void)
{
	struct vmsa vmsa = { 0 };

	vmsa.es = vmsa.ss = vmsa.ds = vmsa.fs = vmsa.gs = (struct vmsa_segment){ 0, 0x93, 0xFFFF, 0 };
	vmsa.cs = (struct vmsa_segment){ 0xF000, 0x9B, 0xFFFF, 0xFFFF0000 };
	vmsa.gdtr = vmsa.idtr = (struct vmsa_segment){ 0, 0, 0xFFFF, 0 };
	vmsa.ldtr = (struct vmsa_segment){ 0, 0x82, 0xFFFF, 0 };
	vmsa.tr = (struct vmsa_segment){ 0, 0x8B, 0xFFFF, 0 };
	vmsa.efer = EFER_SVME;
	vmsa.cr4 = 0x40;
	vmsa.cr0 = 0x10;
	vmsa.dr7 = 0x400;
	vmsa.dr6 = 0xFFFF0FF0;
	vmsa.rflags = 2;
	vmsa.rip = 0xFFF0;
	vmsa.g_pat = 0x0007040600070406;
	vmsa.rdx = 0x00800F12;
	vmsa.sev_features = SEV_FEATURE_SNP_ACTIVE;
	vmsa.xcr0 = 1;
	return vmsa;
}

/* From the digest of the firmware's own pages on: its metadata's zero, secrets and CPUID pages, one vCPU. */
TEST(launch_digest_of_a_firmware)
{
	struct step context = { .gpa = 0xFFFFFFFFF000, .type = SNP_PAGE_TYPE_VMSA };
	uint8_t digest[SNP_DIGEST_SIZE], expected[SNP_DIGEST_SIZE];
	struct vmsa vmsa = reset_state();

	from_hex("edcf6d1c57ce868a167c990f58c8667c698269ef9e0803246419eea914186343054d557e1f17acd93b032c106bc70d25", digest);
	from_hex("e5e6be5a8fa6256f0245666bb237e2d028b7928148ce78d51b8a64dc9506c377709a5b5d7ab75554593bced304fcff93", expected);
	extend_range(digest, SNP_PAGE_TYPE_ZERO, 0x800000, 0x809000);
	extend_range(digest, SNP_PAGE_TYPE_ZERO, 0x80A000, 0x80D000);
	extend_range(digest, SNP_PAGE_TYPE_SECRETS, 0x80D000, 0x80E000);
	extend_range(digest, SNP_PAGE_TYPE_CPUID, 0x80E000, 0x80F000);
	extend_range(digest, SNP_PAGE_TYPE_ZERO, 0x80F000, 0x820000);
	sha384(&vmsa, sizeof(vmsa), context.contents);
	step_extend(&context, digest);
	CHECK(memcmp(digest, expected, sizeof(expected)) == 0);
}

static void make_key(const char *x, const char *y, struct snp_public_key *key)
{
	uint8_t number[48];

	memset(key, 0, sizeof(*key));
	key->curve = SNP_CURVE_P384;
	from_hex(x, number);
	for (size_t i = 0; i < 48; i++)
		key->qx[i] = number[47 - i];
	from_hex(y, number);
	for (size_t i = 0; i < 48; i++)
		key->qy[i] = number[47 - i];
}

static void check_key(const char *x, const char *y, const char *expected_text)
{
	uint8_t digest[SNP_DIGEST_SIZE], expected[SNP_DIGEST_SIZE];
	struct snp_public_key key;

	make_key(x, y, &key);
	key_digest(&key, digest);
	from_hex(expected_text, expected);
	CHECK(memcmp(digest, expected, sizeof(expected)) == 0);
}

TEST(key_digests)
{
	check_key("b20fd1a1c2bd2b65183a76e2390ac805f6d8e5e2af725e5a8e93cf87ec029f9d45eb326b04b92beb714e14fa986f8a9a",
		  "2c94a0b8ab30cc76352675944876891e954ff6ef5826a6231ba6d6d7f6ebfb68ce330e1e59394efb7080883ddc69364b",
		  "870b7e35c53f8a72d0d322f75ab2af8262792aaf6579622ce4131c3f21f289e77cb0560a5e3b90b3932e674ec709cb14");
	check_key("06811fc62409bf2d9ae51c07423254d893c6c23fbf164af3383b0f813a627e6168d9067a7f4bd97990588c18411210a0",
		  "32b420a22656d271dcfd4e25668c72fd58bb5f6851fe472f9d160f880b14df4c3623068962cde4d608e737342da912c9",
		  "63111c34bbfc0a4938f9a009bd074980d8172323e61599c9fd336da8673248e1dca98d0be8f76376a106b8afd4c0a057");
}

TEST(id_block)
{
	struct igvm_snp_id_block directive = { .compatibility_mask = 1, .version = 1 };
	uint8_t expected[96] = { 0 };
	struct snp_id_block block;

	from_hex("076f052d08bda7a700aa2a608c5caa6b00ebad297b6d68a85a45b1e669a558b67e1b91d284a301fe63c4fa0750467eed",
		 directive.ld);
	memcpy(expected, directive.ld, SNP_DIGEST_SIZE);
	expected[80] = 1; /* version */
	expected[90] = 3; /* policy 0x30000 */
	id_block_from_directive(&directive, 0x30000, &block);
	CHECK(memcmp(&block, expected, sizeof(expected)) == 0);
}
