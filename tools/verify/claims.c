/* SPDX-License-Identifier: MIT */
/* What a genuine report says, and whether it is what it should say. */
#include <string.h>

#include <openssl/evp.h>

#include "verify.h"

#define POLICY_MIGRATION_AGENT (1ull << 18)

static const uint8_t guid_vtpm[16] = SVSM_GUID_VTPM;

/* ---- report ---- */

static void check_report_data(struct verdict *verdict, const struct evidence *evidence, const struct snp_report *report)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t hash[sizeof(report->report_data)];
	bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha512(), NULL) == 1 &&
		    EVP_DigestUpdate(context, evidence->nonce, NONCE_SIZE) == 1 &&
		    EVP_DigestUpdate(context, evidence->manifest.data, evidence->manifest.size) == 1 &&
		    EVP_DigestFinal_ex(context, hash, NULL) == 1 && memcmp(hash, report->report_data, sizeof(hash)) == 0;

	verdict_judge(verdict, good, "report-data", "the report was made over this nonce and this manifest, so it is fresh",
		      "the report was not made over this nonce and this manifest");
	EVP_MD_CTX_free(context);
}

static void check_policy(struct verdict *verdict, const struct evidence *evidence, uint64_t policy)
{
	if ((policy & SNP_POLICY_DEBUG) == 0)
		verdict_add(verdict, CHECK_OK, "debug", "the host may not debug the VM");
	else if (evidence->allow_debug)
		verdict_add(verdict, CHECK_OPEN, "debug", "the VM's secrecy: the host may debug it, and you allowed that");
	else
		verdict_add(verdict, CHECK_REFUSED, "debug", "the host may debug the VM: it can read and change everything");
	verdict_judge(verdict, (policy & POLICY_MIGRATION_AGENT) == 0, "migration",
		      "no migration agent may move the VM", "a migration agent may take the VM's state elsewhere");
}

static void check_measurement(struct verdict *verdict, const struct evidence *evidence, const struct snp_report *report)
{
	if (!evidence->has_measurement)
		verdict_add(verdict, CHECK_OPEN, "measurement",
			    "which software is at VMPL0: compare the report's measurement with that of your image (--measurement)");
	else
		verdict_judge(verdict, memcmp(evidence->measurement, report->measurement, SNP_DIGEST_SIZE) == 0, "measurement",
			      "the image that was launched is the one that you named",
			      "the image that was launched is another one than you named");
}

static void check_min_tcb(struct verdict *verdict, const struct evidence *evidence, const struct findings *findings)
{
	struct snp_tcb reported = snp_tcb_read(findings->report.reported_tcb, findings->turin);

	if (!evidence->has_min_tcb)
		verdict_add(verdict, CHECK_OPEN, "min-tcb", "whether the firmware is recent enough for you (--min-tcb)");
	else
		verdict_judge(verdict, snp_tcb_reaches(&reported, &evidence->min_tcb), "min-tcb",
			      "the firmware is at least what you asked for", "the firmware is older than you asked for");
}

void check_claims(struct verdict *verdict, const struct evidence *evidence, struct findings *findings)
{
	const struct snp_report *report = &findings->report;

	if (!findings->has_report)
		return;
	verdict_judge(verdict, report->vmpl == 0, "vmpl", "the report was asked for at VMPL0, which only an SVSM can do when there is one",
		      "the report was not asked for at VMPL0: the guest, not the SVSM, may have made it up");
	check_report_data(verdict, evidence, report);
	check_policy(verdict, evidence, report->policy);
	check_measurement(verdict, evidence, report);
	check_min_tcb(verdict, evidence, findings);
}

/* ---- manifest ---- */

/* A key that this program can check the attributes of is the vTPM's identity; anything else is refused. */
static void check_key(struct verdict *verdict, struct tpm_bytes bytes, struct findings *findings)
{
	bool good = tpm_public_read(bytes.data, bytes.size, &findings->key) == 0;
	EVP_PKEY *key;

	if (!verdict_judge(verdict, good, "vtpm-key-form", "the vTPM's manifest is a public key (TPMT_PUBLIC)",
			   "the vTPM's manifest is no public key that this program knows"))
		return;
	key = key_from_tpm(&findings->key);
	good = key != NULL && tpm_public_is_endorsement_key(&findings->key);
	EVP_PKEY_free(key);
	findings->has_key = verdict_judge(verdict, good, "vtpm-key",
					  "it is an endorsement key: made in the vTPM, fixed to it, only for decryption",
					  "it is not an endorsement key: its attributes or its numbers are wrong");
	findings->key_bytes = bytes;
}

static void check_all_services(struct verdict *verdict, const struct evidence *evidence, struct findings *findings)
{
	const struct svsm_services_entry *entry;

	findings->has_services =
		services_manifest_read(evidence->manifest.data, evidence->manifest.size, &findings->services) == 0;
	if (!verdict_judge(verdict, findings->has_services, "manifest-form", "the manifest lists the SVSM's services",
			   "the manifest is no list of services"))
		return;
	entry = services_manifest_find(&findings->services, guid_vtpm);
	if (entry == NULL)
		verdict_add(verdict, CHECK_OPEN, "vtpm", "a vTPM: the SVSM has none; do not trust one that the guest shows");
	else if (entry->length == 0)
		verdict_add(verdict, CHECK_OPEN, "vtpm", "the vTPM: it has no key to show, as when it has failed; do not trust it");
	else
		check_key(verdict, (struct tpm_bytes){ evidence->manifest.data + entry->offset, entry->length }, findings);
}

void check_manifest(struct verdict *verdict, const struct evidence *evidence, struct findings *findings)
{
	if (evidence->all_services)
		check_all_services(verdict, evidence, findings);
	else if (memcmp(evidence->service, guid_vtpm, sizeof(guid_vtpm)) == 0)
		check_key(verdict, (struct tpm_bytes){ evidence->manifest.data, (uint32_t)evidence->manifest.size }, findings);
	else
		verdict_add(verdict, CHECK_OPEN, "manifest", "what the manifest says: this program does not know the service");
}
