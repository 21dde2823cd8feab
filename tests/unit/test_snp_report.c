/* SPDX-License-Identifier: MIT */
/* Attestation reports as bytes: sizes, versions, and the bytes that no signature covers. */
#include "lib/snp_report.h"

#include "tests/unit/unit.h"

static uint8_t data[sizeof(struct snp_report) + 1];
static struct snp_report report;

static void make(void)
{
	memset(data, 0, sizeof(data));
	data[0] = 3;
	data[0x34] = 1;
	for (uint32_t i = 0; i < SNP_SIGNATURE_NUMBER; i++)
		data[0x2A0 + i] = data[0x2A0 + 72 + i] = (uint8_t)(i + 1);
}

static int read(void)
{
	return snp_report_read(data, sizeof(struct snp_report), &report);
}

TEST(sizes)
{
	make();
	CHECK_EQ(read(), 0);
	CHECK_EQ(report.version, 3);
	for (uint64_t size = 0; size <= sizeof(data); size++)
		CHECK_EQ(snp_report_read(data, size, &report), size == sizeof(report) ? 0 : ERR_SIZE);
}

TEST(versions_and_algorithms)
{
	for (uint32_t version = 0; version < 256; version++) {
		make();
		data[0] = (uint8_t)version;
		CHECK_EQ(read(), version >= 2 && version <= 5 ? 0 : ERR_UNSUPPORTED);
	}
	make();
	data[3] = 1;
	CHECK_EQ(read(), ERR_UNSUPPORTED);
	for (uint32_t bit = 0; bit < 32; bit++) {
		make();
		data[0x34 + bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK_EQ(read(), ERR_UNSUPPORTED);
	}
}

TEST(every_byte_of_the_signature)
{
	for (uint32_t at = 0x2A0; at < sizeof(report); at++) {
		uint32_t place = (at - 0x2A0) % 72;
		bool number = at < 0x2A0 + 2 * 72 && place < SNP_SIGNATURE_NUMBER;

		make();
		data[at] ^= 0x80;
		CHECK_EQ(read(), number ? 0 : ERR_FORMAT);
	}
}

TEST(flags)
{
	make();
	data[0x48] = 1u << 2 | 2u;
	CHECK_EQ(read(), 0);
	CHECK_EQ(snp_report_signing_key(&report), SNP_KEY_VLEK);
	CHECK(snp_report_chip_id_masked(&report));
	data[0x48] = 7u << 2;
	CHECK_EQ(read(), 0);
	CHECK_EQ(snp_report_signing_key(&report), SNP_KEY_NONE);
	CHECK(!snp_report_chip_id_masked(&report));
}

TEST(firmware_versions)
{
	struct snp_tcb tcb = snp_tcb_read(0x0807060504030201ull, false), other;

	CHECK_EQ(tcb.fmc, 0);
	CHECK_EQ(tcb.bootloader, 1);
	CHECK_EQ(tcb.tee, 2);
	CHECK_EQ(tcb.snp, 7);
	CHECK_EQ(tcb.microcode, 8);
	tcb = snp_tcb_read(0x0807060504030201ull, true);
	CHECK_EQ(tcb.fmc, 1);
	CHECK_EQ(tcb.bootloader, 2);
	CHECK_EQ(tcb.tee, 3);
	CHECK_EQ(tcb.snp, 4);
	CHECK_EQ(tcb.microcode, 8);
	for (uint32_t i = 0; i < sizeof(tcb); i++) {
		other = tcb;
		CHECK(snp_tcb_reaches(&tcb, &other));
		((uint8_t *)&other)[i]++;
		CHECK(!snp_tcb_reaches(&tcb, &other));
		CHECK(snp_tcb_reaches(&other, &tcb));
	}
}
