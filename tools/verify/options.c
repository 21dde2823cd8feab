/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify.h"

static const char usage[] =
	"usage: verify --report FILE --certs FILE --manifest FILE --nonce FILE|HEX [OPTION...]\n"
	"\n"
	"Checks an attestation of the services of an SVSM: that a genuine security processor made the report, at VMPL0, over\n"
	"this nonce and this manifest. Says in words what is trusted, what is not, and why.\n"
	"\n"
	"evidence (on Linux, from a folder in /sys/kernel/config/tsm/report):\n"
	"  --report FILE       the report (outblob)\n"
	"  --certs FILE        certificates: the host's table (auxblob), PEM, or one in DER; may be given again\n"
	"  --manifest FILE     the manifest (manifestblob)\n"
	"  --nonce FILE|HEX    the 64 bytes that were asked with (inblob), as a file or 128 digits\n"
	"  --service WHICH     all (default), vtpm, or a GUID: what was asked for (service_guid)\n"
	"\n"
	"what to trust:\n"
	"  --root FILE         a root certificate (ARK) instead of AMD's\n"
	"  --test-root         Nutshell's test root instead: anybody can make such reports\n"
	"  --measurement HEX   the launch digest must be this one ('igvm inspect' shows an image's)\n"
	"  --min-tcb LIST      firmware versions at least so high: bootloader=N,tee=N,snp=N,microcode=N,fmc=N (any of them)\n"
	"  --allow-debug       accept a VM that its host may debug\n"
	"\n"
	"results:\n"
	"  --json              one JSON object instead of words\n"
	"  --ek FILE           when accepted: the vTPM's endorsement key as PEM\n"
	"  --ek-tpmt FILE      when accepted: the same as the TPM wrote it (TPMT_PUBLIC)\n"
	"\n"
	"exit status: 0 accepted, 1 refused, 2 wrong options or files\n";

static bool parse_tcb_part(const char *name, unsigned long value, struct snp_tcb *tcb)
{
	uint8_t *const part[] = { &tcb->bootloader, &tcb->tee, &tcb->snp, &tcb->microcode, &tcb->fmc };
	static const char *const names[] = { "bootloader", "tee", "snp", "microcode", "fmc" };

	for (uint32_t i = 0; i < ARRAY_SIZE(names) && value <= 255; i++) {
		if (strcmp(name, names[i]) == 0) {
			*part[i] = (uint8_t)value;
			return true;
		}
	}
	return false;
}

static bool parse_tcb(char *text, struct snp_tcb *tcb)
{
	char *rest = NULL, *item = strtok_r(text, ",", &rest);

	if (item == NULL)
		return false;
	for (; item != NULL; item = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(item, '='), *end;
		unsigned long number;

		if (value == NULL || value[1] < '0' || value[1] > '9')
			return false;
		*value++ = 0;
		number = strtoul(value, &end, 10);
		if (*end != 0 || !parse_tcb_part(item, number, tcb))
			return false;
	}
	return true;
}

static bool take_nonce(struct evidence *evidence, const char *text)
{
	struct blob file;

	if (parse_hex(text, evidence->nonce, NONCE_SIZE))
		return true;
	if (!input_read(&file, "--nonce", text))
		return false;
	if (file.size != NONCE_SIZE)
		verify_complain("--nonce %s: it has %zu bytes; a nonce has %u", text, file.size, NONCE_SIZE);
	else
		memcpy(evidence->nonce, file.data, NONCE_SIZE);
	free(file.data);
	return file.size == NONCE_SIZE;
}

static bool take_service(struct evidence *evidence, const char *text)
{
	static const uint8_t vtpm[16] = SVSM_GUID_VTPM;

	evidence->all_services = strcmp(text, "all") == 0;
	if (evidence->all_services)
		return true;
	if (strcmp(text, "vtpm") == 0) {
		memcpy(evidence->service, vtpm, sizeof(vtpm));
		return true;
	}
	if (parse_guid(text, evidence->service))
		return true;
	verify_complain("--service %s: neither all nor vtpm nor a GUID", text);
	return false;
}

static bool take_certificates(struct evidence *evidence, const char *path)
{
	if (evidence->certificate_files == FILES_MAX) {
		verify_complain("more than %u files of certificates", FILES_MAX);
		return false;
	}
	if (!input_read(&evidence->certificates[evidence->certificate_files], "--certs", path))
		return false;
	evidence->certificate_files++;
	return true;
}

static bool replace_file(struct blob *blob, const char *option, const char *path)
{
	free(blob->data);
	*blob = (struct blob){ NULL, 0 };
	return input_read(blob, option, path);
}

static bool take_policy(struct evidence *evidence, int option, char *value)
{
	if (option == 'M') {
		evidence->has_measurement = parse_hex(value, evidence->measurement, SNP_DIGEST_SIZE);
		if (!evidence->has_measurement)
			verify_complain("--measurement %s: a measurement has %u hexadecimal digits", value, 2 * SNP_DIGEST_SIZE);
		return evidence->has_measurement;
	}
	evidence->has_min_tcb = parse_tcb(value, &evidence->min_tcb);
	if (!evidence->has_min_tcb)
		verify_complain("--min-tcb: write it as bootloader=N,tee=N,snp=N,microcode=N,fmc=N, or some of them");
	return evidence->has_min_tcb;
}

static bool take_option(int option, char *value, struct evidence *evidence, struct outputs *outputs, bool *has_nonce)
{
	switch (option) {
	case 'r':
		return replace_file(&evidence->report, "--report", value);
	case 'c':
		return take_certificates(evidence, value);
	case 'm':
		return replace_file(&evidence->manifest, "--manifest", value);
	case 'n':
		*has_nonce = take_nonce(evidence, value);
		return *has_nonce;
	case 's':
		return take_service(evidence, value);
	case 'R':
		evidence->root_kind = ROOT_FILE;
		return replace_file(&evidence->root_file, "--root", value);
	case 'T':
		evidence->root_kind = ROOT_TEST;
		return true;
	case 'M':
	case 't':
		return take_policy(evidence, option, value);
	case 'D':
		evidence->allow_debug = true;
		return true;
	case 'j':
		outputs->json = true;
		return true;
	case 'k':
		outputs->key_pem = value;
		return true;
	default:
		outputs->key_tpm = value;
		return true;
	}
}

int verify_options(int argc, char **argv, struct evidence *evidence, struct outputs *outputs)
{
	static const struct option options[] = {
		{ "report", 1, NULL, 'r' },	{ "certs", 1, NULL, 'c' },   { "manifest", 1, NULL, 'm' },
		{ "nonce", 1, NULL, 'n' },	{ "service", 1, NULL, 's' }, { "root", 1, NULL, 'R' },
		{ "test-root", 0, NULL, 'T' },	{ "json", 0, NULL, 'j' },    { "measurement", 1, NULL, 'M' },
		{ "min-tcb", 1, NULL, 't' },	{ "ek", 1, NULL, 'k' },	     { "ek-tpmt", 1, NULL, 'K' },
		{ "allow-debug", 0, NULL, 'D' }, { "help", 0, NULL, 'h' },   { NULL, 0, NULL, 0 },
	};
	bool has_nonce = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return VERIFY_HELP;
		}
		if (option == '?' || option == ':') {
			verify_complain(option == ':' ? "%s needs a value" : "unknown option %s; 'verify --help' lists them",
				 argv[optind - 1]);
			return STATUS_USAGE;
		}
		if (!take_option(option, optarg, evidence, outputs, &has_nonce))
			return STATUS_USAGE;
	}
	if (optind < argc) {
		verify_complain("unexpected argument %s; 'verify --help' explains", argv[optind]);
		return STATUS_USAGE;
	}
	if (evidence->report.data == NULL || evidence->manifest.data == NULL || !has_nonce || evidence->certificate_files == 0) {
		verify_complain("--report, --certs, --manifest and --nonce are needed; 'verify --help' explains");
		return STATUS_USAGE;
	}
	return STATUS_ACCEPTED;
}

void evidence_free(struct evidence *evidence)
{
	for (uint32_t i = 0; i < evidence->certificate_files; i++)
		free(evidence->certificates[i].data);
	free(evidence->report.data);
	free(evidence->manifest.data);
	free(evidence->root_file.data);
}
