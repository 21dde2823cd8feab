/* SPDX-License-Identifier: MIT */
/* verify's command line: what each option sets, and what is refused with which words. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/verify/verify.h"
#include "tests/unit/listen.h"
#include "tests/unit/unit.h"

#define GOOD "--report", files[0], "--manifest", files[0], "--certs", files[0], "--nonce", files[1]
#define GUID "2a5b8dcd-7ee6-4a3f-8a10-6a5a3a8f0c11"

static const char nonce_hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
				"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char digest_hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
				 "00112233445566778899aabbccddeeff";
static const char no_hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
			     "00112233445566778899aabbccddeefg";
static const char short_hex[] = "00112233445566778899aabbccddeeff";
static char files[3][32] = { "/tmp/verify-some-XXXXXX", "/tmp/verify-nonce-XXXXXX", "/tmp/verify-large-XXXXXX" };
static const size_t sizes[3] = { 8, NONCE_SIZE, (1u << 20) + 1 };
static struct evidence evidence;
static struct outputs outputs;
static char said[1024], shown[8192];

__attribute__((constructor)) static void make_files(void)
{
	static const char byte = 7;

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		int descriptor = mkstemp(files[i]);

		if (descriptor < 0 || ftruncate(descriptor, (off_t)sizes[i]) != 0 || write(descriptor, &byte, 1) != 1 ||
		    close(descriptor) != 0)
			abort();
	}
}

__attribute__((destructor)) static void remove_files(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		(void)unlink(files[i]);
}

/* The options' values stay until the next call. */
static int parse(const char *const *words)
{
	static char text[32][256]; /* options write to their words */
	char *argv[33] = { (char[]){ "verify" } };
	FILE *errors = listen(&stderr), *output = listen(&stdout);
	int count = 1, status;

	for (; words[count - 1] != NULL; count++) {
		argv[count] = text[count];
		snprintf(text[count], sizeof(text[0]), "%s", words[count - 1]);
	}
	evidence_free(&evidence);
	evidence = (struct evidence){ .all_services = true };
	outputs = (struct outputs){ false, NULL, NULL };
	optind = 0;
	status = verify_options(count, argv, &evidence, &outputs);
	heard(&stdout, output, shown, sizeof(shown));
	heard(&stderr, errors, said, sizeof(said));
	return status;
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })
#define REFUSED(text, ...) \
	do { \
		CHECK_EQ(PARSE(__VA_ARGS__), STATUS_USAGE); \
		CHECK(strstr(said, text) != NULL && strncmp(said, "verify: ", 8) == 0 && strchr(said, '\n') == said + strlen(said) - 1); \
	} while (0)

static void forget(void)
{
	evidence_free(&evidence);
	memset(&evidence, 0, sizeof(evidence));
}

TEST(evidence_and_defaults)
{
	REQUIRE(PARSE(GOOD) == STATUS_ACCEPTED);
	CHECK_EQ(evidence.report.size, 8);
	CHECK_EQ(evidence.manifest.size, 8);
	CHECK_EQ(evidence.certificate_files, 1);
	CHECK(evidence.nonce[0] == 7 && evidence.nonce[1] == 0);
	CHECK(evidence.all_services && evidence.root_kind == ROOT_AMD);
	CHECK(!evidence.has_measurement && !evidence.has_min_tcb && !evidence.allow_debug);
	CHECK(!outputs.json && outputs.key_pem == NULL && outputs.key_tpm == NULL);
	CHECK_EQ(PARSE("--help"), VERIFY_HELP);
	CHECK(strstr(shown, "usage: verify") == shown);
	forget();
}

TEST(every_option)
{
	REQUIRE(PARSE(GOOD, "--certs", files[0], "--nonce", nonce_hex, "--service", "vtpm", "--test-root",
		      "--measurement", digest_hex, "--min-tcb", "bootloader=1,tee=2,snp=3,microcode=255,fmc=0", "--allow-debug",
		      "--json", "--ek", "one", "--ek-tpmt", "two") == STATUS_ACCEPTED);
	CHECK_EQ(evidence.certificate_files, 2);
	CHECK(evidence.nonce[0] == 0 && evidence.nonce[1] == 0x11 && evidence.nonce[63] == 0xFF);
	CHECK(!evidence.all_services && evidence.root_kind == ROOT_TEST && evidence.allow_debug && outputs.json);
	CHECK(evidence.has_measurement && evidence.measurement[46] == 0xEE);
	CHECK(evidence.has_min_tcb);
	CHECK_EQ(evidence.min_tcb.bootloader, 1);
	CHECK_EQ(evidence.min_tcb.tee, 2);
	CHECK_EQ(evidence.min_tcb.snp, 3);
	CHECK_EQ(evidence.min_tcb.microcode, 255);
	CHECK_TEXT(outputs.key_pem, "one");
	CHECK_TEXT(outputs.key_tpm, "two");
	REQUIRE(PARSE(GOOD, "--service", "vtpm", "--service", "all", "--root", files[0], "--report", files[1]) == STATUS_ACCEPTED);
	CHECK(evidence.all_services && evidence.root_kind == ROOT_FILE);
	CHECK_EQ(evidence.root_file.size, 8);
	CHECK_EQ(evidence.report.size, NONCE_SIZE); /* the last one counts */
	REQUIRE(PARSE(GOOD, "--service", GUID) == STATUS_ACCEPTED);
	CHECK(!evidence.all_services && evidence.service[0] == 0xCD && evidence.service[3] == 0x2A && evidence.service[15] == 0x11);
	forget();
}

TEST(wrong_files)
{
	REFUSED("are needed", "--report", files[0]);
	REFUSED("are needed", "--report", files[0], "--manifest", files[0], "--certs", files[0]);
	REFUSED("No such file", "--report", "/nowhere/x");
	REFUSED("cannot be read", "--certs", "/tmp");
	REFUSED("larger than 1 MiB", "--manifest", files[2]);
	REFUSED("larger than 1 MiB", "--certs", files[2]);
	REFUSED("larger than 1 MiB", "--nonce", files[2]);
	REFUSED("a nonce has 64", "--nonce", files[0]);
	REFUSED("No such file", "--nonce", short_hex);
	REFUSED("more than 8 files", GOOD, "--certs", files[0], "--certs", files[0], "--certs", files[0], "--certs", files[0], "--certs",
		files[0], "--certs", files[0], "--certs", files[0], "--certs", files[0]);
	forget();
}

TEST(wrong_values)
{
	static const char *const tcb[] = { "", ",", "snp", "snp=", "snp=-1", "snp=256", "snp=1x", "snp=99999999999999999999", "snp=1,x=1",
					   "snp=+1", "=1", "snp= 1" };

	for (unsigned i = 0; i < ARRAY_SIZE(tcb); i++)
		REFUSED("--min-tcb", GOOD, "--min-tcb", tcb[i]);
	REFUSED("96 hexadecimal digits", GOOD, "--measurement", short_hex);
	REFUSED("96 hexadecimal digits", GOOD, "--measurement", no_hex);
	REFUSED("--service x", GOOD, "--service", "x");
	REFUSED("--service", GOOD, "--service", "2a5b8dcd-7ee6-4a3f-8a10-6a5a3a8f0c1");
	REFUSED("--service", GOOD, "--service", "2a5b8dcd-7ee6-4a3f-8a10-6a5a3a8f0cg1");
	REFUSED("--service", GOOD, "--service", "2a5b8dcd+7ee6-4a3f-8a10-6a5a3a8f0c11");
	REFUSED("unknown option --nonsense", GOOD, "--nonsense");
	REFUSED("--report needs a value", "--report");
	REFUSED("unexpected argument x", GOOD, "x");
	forget();
}
