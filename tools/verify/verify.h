/* SPDX-License-Identifier: MIT */
/*
 * verify.h - what the parts of the verify program share.
 *
 * Evidence goes in, a verdict comes out: a list of checks, each in words. Parts add their checks to the verdict and go on
 * as far as what they found allows; evidence is accepted when no check was refused. Inputs are untrusted bytes: lib/ reads
 * the structures, OpenSSL the certificates.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include <stddef.h>

#include <openssl/x509.h>

#include "lib/services_manifest.h"
#include "lib/snp_report.h"
#include "lib/tpm_public.h"

#define STATUS_ACCEPTED 0
#define STATUS_REFUSED 1
#define STATUS_USAGE 2
#define VERIFY_HELP (-1)

#define FILES_MAX 8u
#define CHECKS_MAX 40u
#define NONCE_SIZE 64u

/* ---- files (files.c) ---- */

struct blob {
	uint8_t *data;
	size_t size;
};

/* One line on standard error: "verify: ...". */
void verify_complain(const char *format, ...) __printf_like(1, 2);
/* A whole file of at most 1 MiB. When that fails: complains, returns false, and there is nothing to free. */
bool input_read(struct blob *blob, const char *option, const char *path);
bool output_write(const char *path, const void *data, size_t size);
/* Exactly size bytes in hexadecimal. */
bool parse_hex(const char *text, uint8_t *out, size_t size);
/* xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, into UEFI's order of bytes, and back (buffer of 37). */
bool parse_guid(const char *text, uint8_t guid[16]);
void print_guid(const uint8_t guid[16], char *text);

/* ---- verdict (output.c) ---- */

enum result { CHECK_OK, CHECK_REFUSED, CHECK_OPEN /* was not checked */ };

struct check {
	enum result result;
	const char *name; /* short and stable, for programs */
	char text[240];
};

struct verdict {
	struct check check[CHECKS_MAX];
	uint32_t count;
};

void verdict_add(struct verdict *verdict, enum result result, const char *name, const char *format, ...)
	__printf_like(4, 5);
/* Adds OK with one text or REFUSED with the other; good. */
bool verdict_judge(struct verdict *verdict, bool good, const char *name, const char *good_text, const char *bad_text);
bool verdict_accepted(const struct verdict *verdict);

/* ---- evidence ---- */

enum root_kind { ROOT_AMD, ROOT_TEST, ROOT_FILE };

struct certificates {
	X509 *chip; /* VCEK or VLEK */
	X509 *intermediate; /* ASK or ASVK */
	X509 *root; /* ARK */
};

struct evidence {
	struct blob report, manifest;
	struct blob certificates[FILES_MAX];
	uint32_t certificate_files;
	uint8_t nonce[NONCE_SIZE];
	bool all_services;
	uint8_t service[16]; /* unless all_services */
	enum root_kind root_kind;
	struct blob root_file;
	bool has_measurement, has_min_tcb, allow_debug;
	uint8_t measurement[SNP_DIGEST_SIZE];
	struct snp_tcb min_tcb;
};

/* Where results go besides standard output; NULL: nowhere. */
struct outputs {
	bool json;
	const char *key_pem, *key_tpm;
};

/*
 * Reads the command line and the files that it names (options.c). STATUS_ACCEPTED; STATUS_USAGE, with one line that says why;
 * or VERIFY_HELP, when the help was asked for and is printed. In each case evidence_free() frees what was read.
 */
int verify_options(int argc, char **argv, struct evidence *evidence, struct outputs *outputs) __must_check;
void evidence_free(struct evidence *evidence);

/* What was learned; sensible only as far as the verdict goes. */
struct findings {
	bool has_report;
	struct snp_report report;
	bool turin; /* layout of the TCB values, by the certificate */
	bool has_services;
	struct services_manifest services; /* of all services */
	bool has_key;
	struct tpm_public key; /* the vTPM's endorsement key; points into the manifest */
	struct tpm_bytes key_bytes; /* its TPMT_PUBLIC */
};

/* Certificates, root, versions and chip, signature (chain.c). */
void check_chain(struct verdict *verdict, const struct evidence *evidence, struct findings *findings);
/* Level, policy, measurement, firmware versions, report data (claims.c). */
void check_claims(struct verdict *verdict, const struct evidence *evidence, struct findings *findings);
/* Services, vTPM's key (claims.c). */
void check_manifest(struct verdict *verdict, const struct evidence *evidence, struct findings *findings);

/* ---- results ---- */

/* Everything in words, or as JSON (output.c). */
void print_words(const struct verdict *verdict, const struct evidence *evidence, const struct findings *findings);
void print_json(const struct verdict *verdict, const struct evidence *evidence, const struct findings *findings);

/* The endorsement key as a PEM public key (key.c). NULL when OpenSSL does not take it. Free with EVP_PKEY_free(). */
EVP_PKEY *key_from_tpm(const struct tpm_public *key);
bool key_write_pem(EVP_PKEY *key, const char *path);

#endif
