/* SPDX-License-Identifier: MIT */
/* A command line of verify: what is accepted is whole, what is refused has its reason in one line. */
#include <getopt.h>

#include "tests/fuzz/words.h"
#include "tools/verify/verify.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"--report",	 "--certs",	    "--manifest", "--nonce",	 "--service",	  "--root", "--test-root", "--measurement",
	"--min-tcb",	 "--ek",	    "--ek-tpmt",  "--allow-debug", "--json",	  "--help", "file",	   "nonce",
	"--report=file", "--manifest=file", "--certs=file", "--nonce=nonce", "--min-tcb=snp=1,fmc=2",
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static uint8_t large[(1u << 20) + 1];

	words_begin(*argc, *argv);
	words_write("file", "evidence", 8);
	words_write("nonce", large, NONCE_SIZE);
	words_write("large", large, sizeof(large));
	return 0;
}

static void check(const struct evidence *evidence)
{
	if (evidence->report.data == NULL || evidence->manifest.data == NULL || evidence->certificate_files == 0 ||
	    evidence->certificate_files > FILES_MAX || (evidence->root_kind == ROOT_FILE && evidence->root_file.data == NULL))
		abort();
	for (uint32_t i = 0; i < evidence->certificate_files; i++) {
		if (evidence->certificates[i].data == NULL || evidence->certificates[i].size > 1u << 20)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence evidence = { .all_services = true };
	struct outputs outputs = { false, NULL, NULL };
	char *text = words_text(data, size), *word[WORDS_MAX + 1];
	int count, status;

	if (text == NULL)
		return 0;
	count = words_make(text, size, names, ARRAY_SIZE(names), word);
	optind = 0; /* getopt_long() begins anew */
	words_listen();
	status = verify_options(count, word, &evidence, &outputs);
	words_heard("verify: ", status == STATUS_USAGE);
	if (status == STATUS_ACCEPTED)
		check(&evidence);
	else if (status != STATUS_USAGE && status != VERIFY_HELP)
		abort();
	evidence_free(&evidence);
	free(text);
	return 0;
}
