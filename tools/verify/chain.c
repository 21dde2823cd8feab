/* SPDX-License-Identifier: MIT */
/* From the root of trust to the report's signature. */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/certificate_table.h"
#include "verify.h"

#define TURIN_CHIP_ID_SIZE 8

/* SHA-256 over the SubjectPublicKeyInfo of each root. */
static const struct {
	enum root_kind kind;
	const char *name;
	uint8_t fingerprint[32];
} roots[] = {
	{ ROOT_AMD, "AMD's root for Milan",
	  { 0x9f, 0x05, 0x6b, 0xee, 0x44, 0x37, 0x7e, 0x29, 0x30, 0x8c, 0xb5, 0xff, 0xa8, 0x95, 0xbd, 0xfb,
	    0x62, 0xd1, 0x88, 0x81, 0xfa, 0x6b, 0xed, 0x8d, 0x6f, 0x07, 0x5b, 0x02, 0x04, 0x08, 0x9c, 0xb9 } },
	{ ROOT_AMD, "AMD's root for Genoa",
	  { 0x42, 0x9a, 0x69, 0xc9, 0x42, 0x2a, 0xa2, 0x58, 0xee, 0x4d, 0x8d, 0xb5, 0xfc, 0xda, 0x9c, 0x64,
	    0x70, 0xef, 0x15, 0xf8, 0xcd, 0x5a, 0x9c, 0xeb, 0xd6, 0xcb, 0xc7, 0xd9, 0x0b, 0x86, 0x38, 0x31 } },
	{ ROOT_AMD, "AMD's root for Turin",
	  { 0x4f, 0x12, 0x54, 0x10, 0x56, 0x3a, 0x2a, 0xb9, 0xa5, 0x03, 0x56, 0xf9, 0x24, 0x3f, 0x6f, 0xe0,
	    0xb6, 0xf7, 0x3d, 0xe9, 0x86, 0x03, 0xf5, 0x3f, 0x90, 0x33, 0x9c, 0x70, 0xe9, 0xd7, 0xad, 0x08 } },
	{ ROOT_TEST, "Nutshell's test root, whose keys are public",
	  { 0x76, 0xac, 0xa2, 0x0e, 0x40, 0x6b, 0x1c, 0xec, 0xac, 0x5a, 0x8f, 0xb1, 0x44, 0x61, 0x0e, 0x13,
	    0xde, 0x81, 0xea, 0xa8, 0xc9, 0x00, 0x92, 0xbe, 0xe2, 0xcc, 0x58, 0xee, 0xc7, 0x8a, 0x75, 0xfd } },
};

/* ---- reading ---- */

static bool is_rsa(X509 *certificate)
{
	return EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)) == EVP_PKEY_RSA;
}

static bool is_self_issued(X509 *certificate)
{
	return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

/* Which of the three it is can be seen: the chip's key is no RSA key, and the root names itself. */
static X509 **place_of(struct certificates *out, X509 *certificate)
{
	if (X509_get0_pubkey(certificate) == NULL)
		return NULL;
	if (!is_rsa(certificate))
		return &out->chip;
	return is_self_issued(certificate) ? &out->root : &out->intermediate;
}

static bool sort_in(struct certificates *out, X509 *certificate)
{
	X509 **place = place_of(out, certificate);

	if (place == NULL || *place != NULL) {
		X509_free(certificate);
		return false;
	}
	*place = certificate;
	return true;
}

/* DER, in the one form that DER allows. */
static bool add_der(struct certificates *out, const uint8_t *data, size_t size)
{
	const uint8_t *at = data;
	X509 *certificate = d2i_X509(NULL, &at, (long)size);
	uint8_t *again = NULL;
	int length;

	if (certificate == NULL)
		return false;
	length = i2d_X509(certificate, &again);
	if (at != data + size || length < 0 || (size_t)length != size || memcmp(again, data, size) != 0) {
		OPENSSL_free(again);
		X509_free(certificate);
		return false;
	}
	OPENSSL_free(again);
	return sort_in(out, certificate);
}

static bool add_pem(struct certificates *out, const struct blob *file)
{
	BIO *memory = BIO_new_mem_buf(file->data, (int)file->size);
	uint32_t count = 0;
	X509 *certificate;
	bool good = true;

	while (memory != NULL && good && (certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL)) != NULL) {
		good = sort_in(out, certificate);
		count++;
	}
	BIO_free(memory);
	return good && count != 0;
}

static bool add_from_table(struct certificates *out, const struct blob *table, const uint8_t guid[16])
{
	uint32_t offset, length;

	if (certificate_table_find(table->data, (uint32_t)table->size, guid, &offset, &length) != 0)
		return true;
	return add_der(out, table->data + offset, length);
}

static bool add_table(struct certificates *out, const struct blob *table)
{
	static const uint8_t guid[4][16] = { SNP_CERTIFICATE_VCEK, SNP_CERTIFICATE_VLEK, SNP_CERTIFICATE_ASK,
					     SNP_CERTIFICATE_ARK };

	for (uint32_t i = 0; i < 4; i++) {
		if (!add_from_table(out, table, guid[i]))
			return false;
	}
	return true;
}

/* A host's table, PEM, or one certificate in DER. */
static bool add_file(struct certificates *out, const struct blob *file)
{
	static const char pem[] = "-----BEGIN ";

	if (certificate_table_check(file->data, (uint32_t)file->size) == 0)
		return add_table(out, file);
	if (file->size > 0 && file->data[0] != 0x30 && memmem(file->data, file->size, pem, strlen(pem)) != NULL)
		return add_pem(out, file);
	return add_der(out, file->data, file->size);
}

static void free_certificates(struct certificates *certificates)
{
	X509_free(certificates->chip);
	X509_free(certificates->intermediate);
	X509_free(certificates->root);
}

static bool read_certificates(struct verdict *verdict, const struct evidence *evidence, struct certificates *out)
{
	bool good = true;

	for (uint32_t i = 0; i < evidence->certificate_files && good; i++)
		good = add_file(out, &evidence->certificates[i]);
	if (!verdict_judge(verdict, good, "certificates-form", "the certificates are well-formed",
			   "the certificates are malformed, or one kind is there twice"))
		return false;
	return verdict_judge(verdict, out->chip != NULL && out->intermediate != NULL, "certificates-complete",
			     "the chip's key (VCEK or VLEK) and the key that signed it (ASK or ASVK) have certificates",
			     "there is no certificate of the chip's key (VCEK or VLEK), or of the key that signed it (ASK or ASVK)");
}

/* ---- the root ---- */

static bool fingerprint(X509 *certificate, uint8_t out[32])
{
	uint8_t *encoded = NULL;
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
	bool good = size > 0 && EVP_Digest(encoded, (size_t)size, out, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(encoded);
	return good;
}

/* Index of a built-in root of the wanted kind; -1: none. */
static int known_root(X509 *root, enum root_kind kind)
{
	uint8_t found[32];

	if (!fingerprint(root, found))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (roots[i].kind == kind && memcmp(roots[i].fingerprint, found, sizeof(found)) == 0)
			return (int)i;
	}
	return -1;
}

/* The root of the user's file. It may stand in for one that is missing, and may bring an ASK along. */
static bool use_root_file(struct verdict *verdict, const struct evidence *evidence, struct certificates *certificates)
{
	struct certificates own = { NULL, NULL, NULL };
	bool same = false;

	if (add_file(&own, &evidence->root_file) && own.root != NULL) {
		same = certificates->root == NULL ||
		       EVP_PKEY_eq(X509_get0_pubkey(own.root), X509_get0_pubkey(certificates->root)) == 1;
		if (certificates->root == NULL) {
			X509_up_ref(own.root);
			certificates->root = own.root;
		}
	}
	free_certificates(&own);
	return verdict_judge(verdict, same, "root", "the chain begins at the root of the file that you gave",
			     "the chain does not begin at the root of the file that you gave");
}

static bool check_root(struct verdict *verdict, const struct evidence *evidence, struct certificates *certificates)
{
	int index;

	if (evidence->root_kind == ROOT_FILE)
		return use_root_file(verdict, evidence, certificates);
	index = certificates->root == NULL ? -1 : known_root(certificates->root, evidence->root_kind);
	if (index >= 0) {
		verdict_add(verdict, CHECK_OK, "root", "the chain begins at %s", roots[index].name);
		return true;
	}
	if (certificates->root == NULL)
		verdict_add(verdict, CHECK_REFUSED, "root",
			    "there is no certificate of the root (ARK): add it with --certs, or name it with --root");
	else if (known_root(certificates->root, ROOT_TEST) >= 0)
		verdict_add(verdict, CHECK_REFUSED, "root",
			    "the chain begins at Nutshell's test root, whose keys are public: it proves nothing (--test-root accepts it)");
	else
		verdict_add(verdict, CHECK_REFUSED, "root", "the chain begins at an unknown root");
	return false;
}

/* ---- signatures between certificates ---- */

/* RSASSA-PSS with SHA-384 from an RSA key of 4096 bits: nothing weaker is in a chain of AMD's. */
static bool is_signed_by(X509 *certificate, X509 *signer)
{
	EVP_PKEY *key = X509_get0_pubkey(signer);
	int digest = 0, algorithm = 0;

	return is_rsa(signer) && EVP_PKEY_get_bits(key) == 4096 && X509_check_ca(signer) == 1 &&
	       X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(signer)) == 0 &&
	       X509_get_signature_info(certificate, &digest, &algorithm, NULL, NULL) == 1 && digest == NID_sha384 &&
	       algorithm == NID_rsassaPss && X509_verify(certificate, key) == 1;
}

static bool is_valid_now(X509 *certificate)
{
	return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
	       X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

static bool check_links(struct verdict *verdict, const struct certificates *certificates)
{
	bool good = is_signed_by(certificates->root, certificates->root) &&
		    is_signed_by(certificates->intermediate, certificates->root) &&
		    is_signed_by(certificates->chip, certificates->intermediate);

	if (!verdict_judge(verdict, good, "chain", "root, intermediate and chip's certificate sign one another",
			   "the signatures between root, intermediate and chip's certificate do not hold"))
		return false;
	return verdict_judge(verdict,
			     is_valid_now(certificates->root) && is_valid_now(certificates->intermediate) &&
				     is_valid_now(certificates->chip),
			     "validity", "all certificates are valid at this time",
			     "a certificate has expired, or is not valid yet");
}

/* ---- what the chip's certificate says of the chip ---- */

/* Content of an extension that is there once; size in *size. */
static const uint8_t *extension(X509 *certificate, const char *number, int *size)
{
	ASN1_OBJECT *object;
	const ASN1_OCTET_STRING *content;
	char oid[48];
	int index;

	snprintf(oid, sizeof(oid), "%s%s", SNP_OID, number);
	object = OBJ_txt2obj(oid, 1);
	index = X509_get_ext_by_OBJ(certificate, object, -1);
	if (index >= 0 && X509_get_ext_by_OBJ(certificate, object, index) >= 0)
		index = -1;
	ASN1_OBJECT_free(object);
	if (index < 0)
		return NULL;
	content = X509_EXTENSION_get_data(X509_get_ext(certificate, index));
	*size = ASN1_STRING_length(content);
	return ASN1_STRING_get0_data(content);
}

/* INTEGER from 0 to 255; -1: it is not there, or no such number. */
static int extension_number(X509 *certificate, const char *number)
{
	int size;
	const uint8_t *content = extension(certificate, number, &size);

	if (content == NULL)
		return -1;
	if (size == 3 && content[0] == 2 && content[1] == 1 && content[2] < 0x80)
		return content[2];
	if (size == 4 && content[0] == 2 && content[1] == 2 && content[2] == 0 && content[3] >= 0x80)
		return content[3];
	return -1;
}

/* The TCB value that the key was derived for: bytes 0 to 7, in the order of the product's layout. */
static bool certificate_tcb(X509 *certificate, bool turin, uint64_t *value)
{
	static const char *const milan[8] = { ".3.1", ".3.2", ".3.4", ".3.5", ".3.6", ".3.7", ".3.3", ".3.8" };
	static const char *const later[8] = { ".3.9", ".3.1", ".3.2", ".3.3", ".3.5", ".3.6", ".3.7", ".3.8" };

	*value = 0;
	for (uint32_t i = 0; i < 8; i++) {
		int part = extension_number(certificate, turin ? later[i] : milan[i]);

		if (part < 0)
			return false;
		*value |= (uint64_t)part << 8 * i;
	}
	return true;
}

/* A VCEK names its chip: all of the id, or from Turin on the first 8 bytes of it, with zeros behind. */
static bool names_chip(X509 *certificate, bool turin, const struct snp_report *report)
{
	static const uint8_t zero[sizeof(report->chip_id)];
	int size, wanted = turin ? TURIN_CHIP_ID_SIZE : (int)sizeof(report->chip_id);
	const uint8_t *content = extension(certificate, ".4", &size);

	return content != NULL && size == wanted && memcmp(content, report->chip_id, (size_t)size) == 0 &&
	       memcmp(report->chip_id + size, zero, sizeof(zero) - (size_t)size) == 0;
}

static void check_chip_id(struct verdict *verdict, X509 *chip, const struct findings *findings)
{
	if (snp_report_signing_key(&findings->report) == SNP_KEY_VLEK)
		verdict_add(verdict, CHECK_OPEN, "chip", "which chip it is: a VLEK belongs to a cloud provider, not to a chip");
	else if (snp_report_chip_id_masked(&findings->report))
		verdict_add(verdict, CHECK_OPEN, "chip", "which chip it is: the host masks the chip's id");
	else
		verdict_judge(verdict, names_chip(chip, findings->turin, &findings->report), "chip",
			      "the report and the certificate name the same chip", "the report and the certificate name different chips");
}

static bool check_versions(struct verdict *verdict, X509 *chip, struct findings *findings)
{
	int structure = extension_number(chip, ".1");
	uint64_t tcb;

	findings->turin = structure == 1;
	return verdict_judge(verdict,
			     (structure == 0 || structure == 1) && certificate_tcb(chip, findings->turin, &tcb) &&
				     tcb == findings->report.reported_tcb,
			     "tcb-certificate", "the certificate is for the firmware versions that the report names",
			     "the certificate is not for the firmware versions that the report names");
}

/* ---- the report's signature ---- */

static bool verify_signature(X509 *chip, const struct snp_report *report)
{
	EVP_PKEY *key = X509_get0_pubkey(chip);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_lebin2bn(report->signature_r, SNP_SIGNATURE_NUMBER, NULL);
	BIGNUM *s = BN_lebin2bn(report->signature_s, SNP_SIGNATURE_NUMBER, NULL);
	uint8_t *encoded = NULL;
	char group[32] = "";
	bool good = false;
	int size;

	if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
		r = s = NULL;
		size = i2d_ECDSA_SIG(signature, &encoded);
		good = context != NULL && size > 0 &&
		       EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 && strcmp(group, "secp384r1") == 0 &&
		       EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, key) == 1 &&
		       EVP_DigestVerify(context, encoded, (size_t)size, (const uint8_t *)report,
					SNP_REPORT_SIGNED_SIZE) == 1;
	}
	OPENSSL_free(encoded);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	EVP_MD_CTX_free(context);
	return good;
}

static bool read_report(struct verdict *verdict, const struct evidence *evidence, struct findings *findings)
{
	int error = snp_report_read(evidence->report.data, evidence->report.size, &findings->report);
	uint32_t key;

	findings->has_report = error == 0;
	if (error == ERR_SIZE)
		verdict_add(verdict, CHECK_REFUSED, "report-form", "the report has %zu bytes; a report has %zu",
			    evidence->report.size, sizeof(findings->report));
	else if (error == ERR_UNSUPPORTED)
		verdict_add(verdict, CHECK_REFUSED, "report-form", "the report's version (%u) or signature algorithm is not known",
			    findings->report.version);
	else if (error != 0)
		verdict_add(verdict, CHECK_REFUSED, "report-form", "the report's signature is malformed");
	if (error != 0)
		return false;
	key = snp_report_signing_key(&findings->report);
	return verdict_judge(verdict, key == SNP_KEY_VCEK || key == SNP_KEY_VLEK, "report-form",
			     "the report is well-formed, and signed by the security processor",
			     "the report says that the security processor did not sign it");
}

void check_chain(struct verdict *verdict, const struct evidence *evidence, struct findings *findings)
{
	struct certificates certificates = { NULL, NULL, NULL };
	bool good = read_report(verdict, evidence, findings);

	good = read_certificates(verdict, evidence, &certificates) && good;
	if (good && check_root(verdict, evidence, &certificates) && check_links(verdict, &certificates)) {
		(void)check_versions(verdict, certificates.chip, findings);
		check_chip_id(verdict, certificates.chip, findings);
		verdict_judge(verdict, verify_signature(certificates.chip, &findings->report), "signature",
			      "the chip's key has signed the report", "the chip's key has not signed this report");
	}
	verdict_add(verdict, CHECK_OPEN, "revocation", "whether a key was revoked: fetch the manufacturer's list (CRL)");
	free_certificates(&certificates);
}
