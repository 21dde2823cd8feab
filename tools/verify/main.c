/* SPDX-License-Identifier: MIT */
#include "verify.h"

static bool write_key(const struct findings *findings, const struct outputs *outputs)
{
	EVP_PKEY *key;
	bool good = true;

	if (outputs->key_pem == NULL && outputs->key_tpm == NULL)
		return true;
	if (!findings->has_key) {
		verify_complain("there is no endorsement key to write");
		return false;
	}
	if (outputs->key_tpm != NULL)
		good = output_write(outputs->key_tpm, findings->key_bytes.data, findings->key_bytes.size);
	if (good && outputs->key_pem != NULL) {
		key = key_from_tpm(&findings->key);
		good = key != NULL && key_write_pem(key, outputs->key_pem);
		EVP_PKEY_free(key);
	}
	return good;
}

int main(int argc, char **argv)
{
	static struct evidence evidence = { .all_services = true };
	static struct findings findings;
	static struct verdict verdict;
	struct outputs outputs = { false, NULL, NULL };
	int status = verify_options(argc, argv, &evidence, &outputs);

	if (status != STATUS_ACCEPTED) {
		status = status == VERIFY_HELP ? STATUS_ACCEPTED : status;
		goto out;
	}
	check_chain(&verdict, &evidence, &findings);
	check_claims(&verdict, &evidence, &findings);
	check_manifest(&verdict, &evidence, &findings);
	if (outputs.json)
		print_json(&verdict, &evidence, &findings);
	else
		print_words(&verdict, &evidence, &findings);
	status = verdict_accepted(&verdict) ? STATUS_ACCEPTED : STATUS_REFUSED;
	if (status == STATUS_ACCEPTED && !write_key(&findings, &outputs))
		status = STATUS_USAGE;
out:
	evidence_free(&evidence);
	return status;
}
