/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "verify.h"

static const uint8_t guid_vtpm[16] = SVSM_GUID_VTPM;

void verdict_add(struct verdict *verdict, enum result result, const char *name, const char *format, ...)
{
	struct check *check = &verdict->check[verdict->count < CHECKS_MAX ? verdict->count++ : CHECKS_MAX - 1u];
	va_list arguments;

	check->result = result;
	check->name = name;
	va_start(arguments, format);
	vsnprintf(check->text, sizeof(check->text), format, arguments);
	va_end(arguments);
}

bool verdict_judge(struct verdict *verdict, bool good, const char *name, const char *good_text, const char *bad_text)
{
	verdict_add(verdict, good ? CHECK_OK : CHECK_REFUSED, name, "%s", good ? good_text : bad_text);
	return good;
}

static bool is_ok(const struct verdict *verdict, const char *name)
{
	for (uint32_t i = 0; i < verdict->count; i++) {
		if (verdict->check[i].result == CHECK_OK && strcmp(verdict->check[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Nothing was refused, and the checks on which everything rests were made. */
bool verdict_accepted(const struct verdict *verdict)
{
	for (uint32_t i = 0; i < verdict->count; i++) {
		if (verdict->check[i].result == CHECK_REFUSED)
			return false;
	}
	return is_ok(verdict, "root") && is_ok(verdict, "chain") && is_ok(verdict, "signature") && is_ok(verdict, "vmpl") &&
	       is_ok(verdict, "report-data");
}

/* ---- words ---- */

static void print_hex(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", bytes[i]);
}

static void print_list(const struct verdict *verdict, enum result result, const char *title)
{
	bool any = false;

	for (uint32_t i = 0; i < verdict->count; i++) {
		if (verdict->check[i].result != result)
			continue;
		if (!any)
			printf("%s\n", title);
		any = true;
		printf("  - %s\n", verdict->check[i].text);
	}
}

static void print_tcb(uint64_t value, bool turin)
{
	struct snp_tcb tcb = snp_tcb_read(value, turin);

	if (turin)
		printf("FMC %u, ", tcb.fmc);
	printf("boot loader %u, TEE %u, SNP %u, microcode %u", tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode);
}

static void print_report(const struct findings *findings)
{
	const struct snp_report *report = &findings->report;

	printf("report\n  version %u, VMPL%u, policy 0x%llx, guest SVN %u\n  measurement ", report->version, report->vmpl,
	       (unsigned long long)report->policy, report->guest_svn);
	print_hex(report->measurement, sizeof(report->measurement));
	printf("\n  firmware    ");
	print_tcb(report->reported_tcb, findings->turin);
	printf("\n  chip id     ");
	print_hex(report->chip_id, sizeof(report->chip_id));
	printf("\n  host data   ");
	print_hex(report->host_data, sizeof(report->host_data));
	printf("\n");
}

static bool key_digest(const struct findings *findings, uint8_t out[32])
{
	return EVP_Digest(findings->key_bytes.data, findings->key_bytes.size, out, NULL, EVP_sha256(), NULL) == 1;
}

static void print_key(const struct findings *findings)
{
	const struct tpm_public *key = &findings->key;
	uint8_t digest[32];

	if (key->type == TPM_ALG_RSA)
		printf("vTPM's endorsement key\n  RSA, %u bits", key->bits);
	else
		printf("vTPM's endorsement key\n  ECC, P-%u", key->curve == TPM_CURVE_P256 ? 256u : 384u);
	if (key_digest(findings, digest)) {
		printf("; SHA-256 of its public area: ");
		print_hex(digest, sizeof(digest));
	}
	printf("\n");
}

static void print_services(const struct findings *findings)
{
	char guid[37];

	printf("services\n");
	for (uint32_t i = 0; i < findings->services.count; i++) {
		const struct svsm_services_entry *entry = &findings->services.entry[i];

		print_guid(entry->guid, guid);
		printf("  %s%s, manifest of %u bytes\n", guid,
		       memcmp(entry->guid, guid_vtpm, sizeof(guid_vtpm)) == 0 ? " (vTPM)" : "", entry->length);
	}
	if (findings->services.count == 0)
		printf("  none\n");
}

void print_words(const struct verdict *verdict, const struct evidence *evidence, const struct findings *findings)
{
	bool accepted = verdict_accepted(verdict);

	if (findings->has_report)
		print_report(findings);
	if (findings->has_services)
		print_services(findings);
	if (findings->has_key)
		print_key(findings);
	print_list(verdict, CHECK_OK, accepted ? "trusted" : "in order, but of no use while something is refused");
	print_list(verdict, CHECK_OPEN, "not checked");
	print_list(verdict, CHECK_REFUSED, "refused");
	if (accepted && evidence->root_kind == ROOT_TEST)
		printf("ACCEPTED under Nutshell's TEST ROOT: anybody can make such a report; it says nothing about a real machine\n");
	else if (accepted && !evidence->has_measurement)
		printf("ACCEPTED, but without a measurement it may have been any software at VMPL0 that made this manifest\n");
	else if (accepted)
		printf("ACCEPTED: the SVSM that you named made this manifest for this nonce\n");
	else
		printf("REFUSED\n");
}

/* ---- JSON: all text is our own and plain ASCII ---- */

static void json_hex(const char *name, const uint8_t *bytes, size_t size)
{
	printf("\"%s\":\"", name);
	print_hex(bytes, size);
	printf("\"");
}

static void json_checks(const struct verdict *verdict)
{
	static const char *const word[] = { "ok", "refused", "not-checked" };

	printf("\"checks\":[");
	for (uint32_t i = 0; i < verdict->count; i++)
		printf("%s{\"name\":\"%s\",\"result\":\"%s\",\"text\":\"%s\"}", i == 0 ? "" : ",", verdict->check[i].name,
		       word[verdict->check[i].result], verdict->check[i].text);
	printf("]");
}

static void json_report(const struct findings *findings)
{
	const struct snp_report *report = &findings->report;

	printf(",\"report\":{\"version\":%u,\"vmpl\":%u,\"policy\":%llu,\"guest_svn\":%u,\"reported_tcb\":\"%016llx\",",
	       report->version, report->vmpl, (unsigned long long)report->policy, report->guest_svn,
	       (unsigned long long)report->reported_tcb);
	json_hex("measurement", report->measurement, sizeof(report->measurement));
	printf(",");
	json_hex("chip_id", report->chip_id, sizeof(report->chip_id));
	printf(",");
	json_hex("host_data", report->host_data, sizeof(report->host_data));
	printf("}");
}

static void json_services(const struct findings *findings)
{
	char guid[37];

	printf(",\"services\":[");
	for (uint32_t i = 0; i < findings->services.count; i++) {
		print_guid(findings->services.entry[i].guid, guid);
		printf("%s{\"guid\":\"%s\",\"length\":%u}", i == 0 ? "" : ",", guid, findings->services.entry[i].length);
	}
	printf("]");
}

void print_json(const struct verdict *verdict, const struct evidence *evidence, const struct findings *findings)
{
	uint8_t digest[32];

	printf("{\"accepted\":%s,\"test_root\":%s,", verdict_accepted(verdict) ? "true" : "false",
	       evidence->root_kind == ROOT_TEST ? "true" : "false");
	json_checks(verdict);
	if (findings->has_report)
		json_report(findings);
	if (findings->has_services)
		json_services(findings);
	if (findings->has_key && key_digest(findings, digest)) {
		printf(",\"vtpm_key\":{\"type\":\"%s\",", findings->key.type == TPM_ALG_RSA ? "rsa" : "ecc");
		json_hex("sha256", digest, sizeof(digest));
		printf("}");
	}
	printf("}\n");
}
