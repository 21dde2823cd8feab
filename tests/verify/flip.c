/* SPDX-License-Identifier: MIT */
/*
 * Takes accepted evidence - report, certificates, manifest, nonce, and the service that was asked for - and changes it one
 * bit at a time: every bit of nonce, manifest and report, a bit of every byte of the certificates (with "every-bit": all of
 * them; that takes minutes). Then it cuts each after every byte (certificates: every 16th), and lengthens it. Whatever is
 * accepted is a failure, and so is a refusal that does not say what is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/verify/verify.h"

static struct evidence evidence = { .certificate_files = 1, .root_kind = ROOT_TEST, .all_services = true };
static uint32_t tried, accepted, wordless;

static struct verdict verdict;

static bool is_accepted(void)
{
	static struct findings findings;

	memset(&findings, 0, sizeof(findings));
	memset(&verdict, 0, sizeof(verdict));
	check_chain(&verdict, &evidence, &findings);
	check_claims(&verdict, &evidence, &findings);
	check_manifest(&verdict, &evidence, &findings);
	return verdict_accepted(&verdict);
}

static bool says_why(void)
{
	for (uint32_t i = 0; i < verdict.count; i++) {
		if (verdict.check[i].result == CHECK_REFUSED && verdict.check[i].text[0] != '\0')
			return true;
	}
	return false;
}

static void expect_refusal(const char *what, size_t at, unsigned bit)
{
	tried++;
	if (is_accepted()) {
		accepted++;
		printf("accepted: %s, byte %zu, bit %u\n", what, at, bit);
	} else if (!says_why()) {
		wordless++;
		printf("refused without a reason: %s, byte %zu, bit %u\n", what, at, bit);
	}
}

static void flip_all(const char *what, uint8_t *data, size_t size, bool every_bit)
{
	for (size_t at = 0; at < size; at++) {
		for (unsigned bit = every_bit ? 0 : (unsigned)at % 8u; bit < 8; bit += every_bit ? 1 : 8) {
			data[at] ^= (uint8_t)(1u << bit);
			expect_refusal(what, at, bit);
			data[at] ^= (uint8_t)(1u << bit);
		}
	}
}

#define CUT 98u
#define LENGTHENED 99u
#define CERTIFICATES_STEP 16u

static void change_size(const char *what, struct blob *blob, size_t step)
{
	size_t whole = blob->size;

	for (blob->size = (whole - 1u) % step; blob->size < whole; blob->size += step)
		expect_refusal(what, blob->size, CUT);
	blob->size = whole + 1;
	blob->data[whole] = 1;
	expect_refusal(what, blob->size, LENGTHENED);
	blob->size = whole;
}

int main(int argc, char **argv)
{
	bool every_bit = argc == 7 && strcmp(argv[6], "every-bit") == 0;
	struct blob nonce;

	if ((argc != 6 && !every_bit) || !input_read(&evidence.report, "report", argv[1]) ||
	    !input_read(&evidence.certificates[0], "certificates", argv[2]) ||
	    !input_read(&evidence.manifest, "manifest", argv[3]) || !input_read(&nonce, "nonce", argv[4]) ||
	    nonce.size != NONCE_SIZE) {
		fputs("usage: flip REPORT CERTIFICATES MANIFEST NONCE all|GUID [every-bit]\n", stderr);
		return 2;
	}
	memcpy(evidence.nonce, nonce.data, NONCE_SIZE);
	free(nonce.data);
	evidence.all_services = strcmp(argv[5], "all") == 0;
	if (!evidence.all_services && !parse_guid(argv[5], evidence.service))
		return 2;
	if (!is_accepted()) {
		puts("the evidence itself is refused");
		return 1;
	}
	flip_all("nonce", evidence.nonce, NONCE_SIZE, true);
	flip_all("manifest", evidence.manifest.data, evidence.manifest.size, true);
	flip_all("report", evidence.report.data, evidence.report.size, true);
	flip_all("certificates", evidence.certificates[0].data, evidence.certificates[0].size, every_bit);
	change_size("report", &evidence.report, 1);
	change_size("manifest", &evidence.manifest, 1);
	change_size("certificates", &evidence.certificates[0], every_bit ? 1 : CERTIFICATES_STEP);
	printf("note: %u changes, %u accepted\n", tried, accepted);
	return accepted == 0 && wordless == 0 && is_accepted() ? 0 : 1;
}
