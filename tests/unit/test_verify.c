/* SPDX-License-Identifier: MIT */
/* The verifier against chains and reports made here: a good one, and one for each thing that can be wrong with it. */
#include "tools/verify/verify.h"

#include <stdlib.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "lib/certificate_table.h"
#include "tests/services/key/key.h"
#include "tests/unit/unit.h"

#define TCB_MILAN 0x4405000000000002ull
#define TCB_TURIN 0x0900000004030201ull

/* How the next chain is made. */
static struct {
	const char *ask_constraints, *ark_constraints;
	const char *ask_issuer;
	const char *extra; /* an extension that is there twice, or "-.." for one that is left out */
	const EVP_MD *digest;
	bool pkcs1, expired, turin, no_chip, wrong_link, p256;
	uint64_t tcb;
} plan;

static EVP_PKEY *ark_key, *ask_key, *chip_key, *p256_key; /* RSA keys: those of Nutshell's test root */
static struct evidence evidence;
static struct findings findings;
static struct verdict verdict;
static uint8_t table[16384], report_bytes[sizeof(struct snp_report)];
static struct snp_report report;

static EVP_PKEY *read_key(const char *path)
{
	FILE *file = fopen(path, "r");
	EVP_PKEY *key = file == NULL ? NULL : PEM_read_PrivateKey(file, NULL, NULL, NULL);

	if (key == NULL) {
		fprintf(stderr, "%s: no key; run this from the root of the repository\n", path);
		abort();
	}
	(void)fclose(file);
	return key;
}

static void make_keys(void)
{
	if (ark_key != NULL)
		return;
	ark_key = read_key("nutshell/test-root/ark.pem");
	ask_key = read_key("nutshell/test-root/ask.pem");
	chip_key = EVP_EC_gen("P-384");
	p256_key = EVP_EC_gen("P-256");
}

/* ---- certificates ---- */

static void add_name(X509_NAME *name, const char *text)
{
	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)text, -1, -1, 0);
}

static X509 *begin(const char *subject, const char *issuer, EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	(void)X509_set_version(certificate, X509_VERSION_3);
	(void)X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
	(void)X509_gmtime_adj(X509_getm_notAfter(certificate), plan.expired ? -3600 : 3600);
	(void)X509_set_pubkey(certificate, key);
	add_name(X509_get_subject_name(certificate), subject);
	add_name(X509_get_issuer_name(certificate), issuer);
	return certificate;
}

static void add_constraints(X509 *certificate, const char *text)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, text);

	(void)X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static void add_extension(X509 *certificate, const char *number, const uint8_t *content, int size)
{
	ASN1_OCTET_STRING *value;
	X509_EXTENSION *extension;
	ASN1_OBJECT *object;
	char oid[48];

	if (plan.extra != NULL && plan.extra[0] == '-' && strcmp(plan.extra + 1, number) == 0)
		return;
	snprintf(oid, sizeof(oid), SNP_OID "%s", number);
	object = OBJ_txt2obj(oid, 1);
	value = ASN1_OCTET_STRING_new();
	(void)ASN1_OCTET_STRING_set(value, content, size);
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
	(void)X509_add_ext(certificate, extension, -1);
	if (plan.extra != NULL && strcmp(plan.extra, number) == 0)
		(void)X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
}

static void add_number(X509 *certificate, const char *number, uint8_t value)
{
	const uint8_t small[3] = { 2, 1, value }, large[4] = { 2, 2, 0, value };

	add_extension(certificate, number, value < 0x80 ? small : large, value < 0x80 ? 3 : 4);
}

static void add_chip(X509 *certificate)
{
	static const char *const milan[8] = { ".3.1", ".3.2", ".3.4", ".3.5", ".3.6", ".3.7", ".3.3", ".3.8" };
	static const char *const turin[8] = { ".3.9", ".3.1", ".3.2", ".3.3", ".3.5", ".3.6", ".3.7", ".3.8" };
	uint8_t chip[64];

	memset(chip, 0x5A, sizeof(chip));
	add_number(certificate, ".1", plan.turin ? 1 : 0);
	for (uint32_t i = 0; i < 8; i++)
		add_number(certificate, plan.turin ? turin[i] : milan[i], (uint8_t)(plan.tcb >> 8 * i));
	if (!plan.no_chip)
		add_extension(certificate, ".4", chip, plan.turin ? 8 : 64);
}

static void sign(X509 *certificate, EVP_PKEY *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *inner = NULL;

	(void)EVP_DigestSignInit(context, &inner, plan.digest, NULL, key);
	if (!plan.pkcs1) {
		(void)EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING);
		(void)EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST);
	}
	(void)X509_sign_ctx(certificate, context);
	EVP_MD_CTX_free(context);
}

static uint32_t put(uint32_t index, uint32_t at, const uint8_t guid[16], X509 *certificate)
{
	uint8_t *encoded = NULL;
	int size = i2d_X509(certificate, &encoded);
	struct snp_certificate_entry entry = { .offset = at, .length = (uint32_t)size };

	memcpy(entry.guid, guid, sizeof(entry.guid));
	memcpy(table + index * sizeof(entry), &entry, sizeof(entry));
	memcpy(table + at, encoded, (size_t)size);
	OPENSSL_free(encoded);
	X509_free(certificate);
	return at + (uint32_t)size;
}

static void make_table(void)
{
	static const uint8_t vcek_guid[16] = SNP_CERTIFICATE_VCEK, ask_guid[16] = SNP_CERTIFICATE_ASK,
			     ark_guid[16] = SNP_CERTIFICATE_ARK;
	X509 *ark = begin("root", "root", ark_key), *ask = begin("middle", plan.ask_issuer, ask_key);
	X509 *chip = begin("chip", "middle", plan.p256 ? p256_key : chip_key);
	uint32_t at = 4 * sizeof(struct snp_certificate_entry);

	if (plan.ark_constraints != NULL)
		add_constraints(ark, plan.ark_constraints);
	if (plan.ask_constraints != NULL)
		add_constraints(ask, plan.ask_constraints);
	add_chip(chip);
	sign(ark, ark_key);
	sign(ask, plan.wrong_link ? ask_key : ark_key);
	sign(chip, ask_key);
	memset(table, 0, sizeof(table));
	free(evidence.root_file.data);
	evidence.root_file.data = NULL;
	evidence.root_file.size = (size_t)i2d_X509(ark, &evidence.root_file.data);
	at = put(0, at, vcek_guid, chip);
	at = put(1, at, ask_guid, ask);
	at = put(2, at, ark_guid, ark);
	evidence.certificates[0] = (struct blob){ table, at };
}

/* ---- reports ---- */

static void sign_report(EVP_PKEY *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t encoded[200];
	const uint8_t *at = encoded;
	size_t size = sizeof(encoded);
	ECDSA_SIG *signature;

	(void)EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, key);
	(void)EVP_DigestSign(context, encoded, &size, (const uint8_t *)&report, SNP_REPORT_SIGNED_SIZE);
	signature = d2i_ECDSA_SIG(NULL, &at, (long)size);
	(void)BN_bn2lebinpad(ECDSA_SIG_get0_r(signature), report.signature_r, 72);
	(void)BN_bn2lebinpad(ECDSA_SIG_get0_s(signature), report.signature_s, 72);
	ECDSA_SIG_free(signature);
	EVP_MD_CTX_free(context);
}

static void bind_manifest(const void *manifest, size_t size)
{
	uint8_t text[NONCE_SIZE + 1024];

	evidence.manifest = (struct blob){ (uint8_t *)(uintptr_t)manifest, size };
	memcpy(text, evidence.nonce, NONCE_SIZE);
	memcpy(text + NONCE_SIZE, manifest, size);
	SHA512(text, NONCE_SIZE + size, report.report_data);
}

static void start(void)
{
	static const uint8_t vtpm[16] = SVSM_GUID_VTPM;

	make_keys();
	plan = (typeof(plan)){ .ask_constraints = "critical,CA:TRUE,pathlen:0", .ark_constraints = "critical,CA:TRUE",
			       .ask_issuer = "root", .digest = EVP_sha384(), .tcb = TCB_MILAN };
	free(evidence.root_file.data);
	evidence = (struct evidence){ .certificate_files = 1, .root_kind = ROOT_FILE };
	memcpy(evidence.service, vtpm, sizeof(vtpm));
	memset(evidence.nonce, 0x21, NONCE_SIZE);
	report = (struct snp_report){ .version = 3, .signature_algo = 1, .policy = 0x30000, .reported_tcb = TCB_MILAN };
	memset(report.chip_id, 0x5A, sizeof(report.chip_id));
	memset(report.measurement, 0x77, sizeof(report.measurement));
	bind_manifest(test_endorsement_key, sizeof(test_endorsement_key));
}

static bool judge_unsigned(void)
{
	memcpy(report_bytes, &report, sizeof(report));
	evidence.report = (struct blob){ report_bytes, sizeof(report_bytes) };
	memset(&findings, 0, sizeof(findings));
	memset(&verdict, 0, sizeof(verdict));
	check_chain(&verdict, &evidence, &findings);
	check_claims(&verdict, &evidence, &findings);
	check_manifest(&verdict, &evidence, &findings);
	return verdict_accepted(&verdict);
}

static bool judge(void)
{
	make_table();
	sign_report(plan.p256 ? p256_key : chip_key);
	return judge_unsigned();
}

/* Refused, and for this reason alone. */
static void check_refused_for(const char *name)
{
	uint32_t refused = 0;

	for (uint32_t i = 0; i < verdict.count; i++) {
		if (verdict.check[i].result != CHECK_REFUSED)
			continue;
		refused++;
		CHECK_TEXT(verdict.check[i].name, name);
	}
	CHECK_EQ(refused, 1);
	CHECK(!verdict_accepted(&verdict));
}

static bool is_open(const char *name)
{
	for (uint32_t i = 0; i < verdict.count; i++) {
		if (verdict.check[i].result == CHECK_OPEN && strcmp(verdict.check[i].name, name) == 0)
			return true;
	}
	return false;
}

TEST(good_evidence)
{
	start();
	CHECK(judge());
	CHECK(findings.has_key);
	CHECK_EQ(findings.key.bits, 2048);
	CHECK(is_open("measurement"));
	plan.turin = true;
	plan.tcb = report.reported_tcb = TCB_TURIN;
	memset(report.chip_id + 8, 0, 56);
	CHECK(judge());
	CHECK(findings.turin);
	plan.tcb = report.reported_tcb = 0xFF00000004030201ull; /* microcode above 127 */
	CHECK(judge());
}

TEST(roots)
{
	start();
	evidence.root_kind = ROOT_AMD;
	(void)judge();
	check_refused_for("root");
	/* The keys of the test root are enough for any certificate in its name. */
	evidence.root_kind = ROOT_TEST;
	CHECK(judge());
	/* Another root's file. */
	start();
	make_table();
	{
		EVP_PKEY *key = ark_key;
		struct blob first = evidence.root_file;

		evidence.root_file.data = NULL;
		ark_key = ask_key;
		make_table();
		free(evidence.root_file.data);
		evidence.root_file = first;
		sign_report(chip_key);
		(void)judge_unsigned();
		check_refused_for("root");
		ark_key = key;
	}
}

TEST(links)
{
	start();
	plan.wrong_link = true;
	(void)judge();
	check_refused_for("chain");
	start();
	plan.ask_issuer = "somebody";
	(void)judge();
	check_refused_for("chain");
	start();
	plan.ask_constraints = "critical,CA:FALSE";
	(void)judge();
	check_refused_for("chain");
	start();
	plan.ask_constraints = NULL;
	(void)judge();
	check_refused_for("chain");
	start();
	plan.ark_constraints = "critical,CA:FALSE";
	(void)judge();
	check_refused_for("chain");
	start();
	plan.digest = EVP_sha256();
	(void)judge();
	check_refused_for("chain");
	start();
	plan.pkcs1 = true;
	(void)judge();
	check_refused_for("chain");
	start();
	plan.expired = true;
	(void)judge();
	check_refused_for("validity");
}

TEST(versions)
{
	static const char *const extra[] = { ".1", ".3.1", ".3.2", ".3.3", ".3.4", ".3.8", "-.1", "-.3.1", "-.3.4", "-.3.8" };

	for (uint32_t i = 0; i < ARRAY_SIZE(extra); i++) {
		start();
		plan.extra = extra[i];
		(void)judge();
		check_refused_for("tcb-certificate");
	}
	for (uint32_t i = 0; i < 8; i++) {
		start();
		plan.tcb ^= 1ull << 8 * i;
		(void)judge();
		check_refused_for("tcb-certificate");
	}
}

TEST(chips)
{
	start();
	plan.no_chip = true;
	(void)judge();
	check_refused_for("chip");
	start();
	plan.extra = ".4";
	(void)judge();
	check_refused_for("chip");
	start();
	report.chip_id[63] ^= 1;
	(void)judge();
	check_refused_for("chip");
	start();
	plan.turin = true;
	plan.tcb = report.reported_tcb = TCB_TURIN;
	(void)judge(); /* more than the 8 bytes of the certificate */
	check_refused_for("chip");
	/* Masked by the host, or a key of the provider's: nobody can tell. */
	start();
	report.flags = 2;
	memset(report.chip_id, 0, sizeof(report.chip_id));
	CHECK(judge());
	CHECK(is_open("chip"));
	start();
	report.flags = SNP_KEY_VLEK << 2;
	plan.no_chip = true;
	CHECK(judge());
	CHECK(is_open("chip"));
}

TEST(signatures)
{
	start();
	make_table();
	sign_report(chip_key);
	report.guest_svn++;
	(void)judge_unsigned();
	check_refused_for("signature");
	start();
	make_table();
	memset(report.signature_r, 0, 72);
	(void)judge_unsigned();
	check_refused_for("signature");
	start();
	plan.p256 = true;
	(void)judge();
	check_refused_for("signature");
	start();
	report.flags = SNP_KEY_NONE << 2;
	CHECK(!judge());
}

TEST(claims)
{
	start();
	report.vmpl = 2;
	(void)judge();
	check_refused_for("vmpl");
	start();
	report.policy |= SNP_POLICY_DEBUG;
	(void)judge();
	check_refused_for("debug");
	evidence.allow_debug = true;
	CHECK(judge());
	start();
	report.policy |= 1ull << 18;
	(void)judge();
	check_refused_for("migration");
	start();
	evidence.nonce[0]++;
	(void)judge();
	check_refused_for("report-data");
	start();
	evidence.has_measurement = true;
	memset(evidence.measurement, 0x77, sizeof(evidence.measurement));
	CHECK(judge());
	evidence.measurement[47]++;
	(void)judge();
	check_refused_for("measurement");
	start();
	evidence.has_min_tcb = true;
	evidence.min_tcb = (struct snp_tcb){ .bootloader = 2, .snp = 5, .microcode = 0x44 };
	CHECK(judge());
	evidence.min_tcb.snp = 6;
	(void)judge();
	check_refused_for("min-tcb");
}

TEST(manifests)
{
	static uint8_t key[sizeof(test_endorsement_key)], all[24 + 24];
	struct svsm_services_header header = { .guid = SVSM_GUID_SERVICES, .size = sizeof(all), .count = 1 };
	struct svsm_services_entry entry = { .guid = SVSM_GUID_VTPM, .offset = sizeof(all) };

	start();
	memcpy(key, test_endorsement_key, sizeof(key));

	key[5] ^= 0x04; /* sign */
	bind_manifest(key, sizeof(key));
	(void)judge();
	check_refused_for("vtpm-key");
	CHECK(!findings.has_key);
	start();
	bind_manifest(test_endorsement_key, sizeof(test_endorsement_key) - 1);
	(void)judge();
	check_refused_for("vtpm-key-form");
	start();
	evidence.all_services = true;
	(void)judge();
	check_refused_for("manifest-form");
	memcpy(all, &header, sizeof(header));
	memcpy(all + 24, &entry, sizeof(entry));
	start();
	evidence.all_services = true;
	bind_manifest(all, sizeof(all));
	CHECK(judge());
	CHECK(is_open("vtpm"));
	CHECK(!findings.has_key);
	start();
	evidence.service[0]++;
	CHECK(judge());
	CHECK(is_open("manifest"));
}

/* An ECC key whose point is not on its curve. */
TEST(points)
{
	struct tpm_public key = { .type = TPM_ALG_ECC, .curve = TPM_CURVE_P256 };
	uint8_t x[32] = { 1 }, y[32] = { 2 };

	key.x = (struct tpm_bytes){ x, 32 };
	key.y = (struct tpm_bytes){ y, 32 };
	CHECK(key_from_tpm(&key) == NULL);
}

TEST(certificates_in_other_forms)
{
	start();
	make_table();
	sign_report(chip_key);
	evidence.certificates[0] = (struct blob){ evidence.root_file.data, evidence.root_file.size };
	(void)judge_unsigned();
	check_refused_for("certificates-complete");
	evidence.certificates[0] = (struct blob){ table, 10 };
	(void)judge_unsigned();
	check_refused_for("certificates-form");
	evidence.certificates[0] = (struct blob){ table, 0 };
	(void)judge_unsigned();
	check_refused_for("certificates-form");
}

/* ---- what the user gets ---- */

static char printed[16384];

/* What the function prints of the last judgement; in a file that is gone before the tests go on. */
static void capture(void (*print)(const struct verdict *, const struct evidence *, const struct findings *))
{
	FILE *file = tmpfile();
	int saved;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	if (file == NULL || saved < 0 || dup2(fileno(file), STDOUT_FILENO) < 0)
		abort();
	print(&verdict, &evidence, &findings);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	if (fseek(file, 0, SEEK_SET) != 0)
		abort();
	printed[fread(printed, 1, sizeof(printed) - 1, file)] = '\0';
	(void)fclose(file);
}
#define WORDS(text) (capture(print_words), CHECK(strstr(printed, text) != NULL))
#define JSON(text) (capture(print_json), CHECK(strstr(printed, text) != NULL))

TEST(results_in_words)
{
	start();
	CHECK(judge());
	WORDS("ACCEPTED, but without a measurement");
	WORDS("version 3, VMPL0, policy 0x30000, guest SVN 0\n  measurement 7777");
	WORDS("boot loader 2, TEE 0, SNP 5, microcode 68");
	WORDS("vTPM's endorsement key\n  RSA, 2048 bits; SHA-256 of its public area: ");
	WORDS("\nnot checked\n  - ");
	evidence.has_measurement = true;
	memset(evidence.measurement, 0x77, sizeof(evidence.measurement));
	CHECK(judge());
	WORDS("ACCEPTED: the SVSM that you named");
	evidence.root_kind = ROOT_TEST;
	CHECK(judge());
	WORDS("ACCEPTED under Nutshell's TEST ROOT");
	evidence.nonce[0]++;
	CHECK(!judge());
	WORDS("in order, but of no use while something is refused\n");
	WORDS("refused\n  - ");
	WORDS("\nREFUSED\n");
	start();
	plan.turin = true;
	plan.tcb = report.reported_tcb = TCB_TURIN;
	memset(report.chip_id + 8, 0, 56);
	CHECK(judge());
	WORDS("FMC 1, boot loader 2, TEE 3, SNP 4, microcode 9");
}

TEST(results_for_machines)
{
	start();
	CHECK(judge());
	JSON("{\"accepted\":true,\"test_root\":false,\"checks\":[{\"name\":\"");
	JSON("\"result\":\"not-checked\"");
	JSON("\"report\":{\"version\":3,\"vmpl\":0,\"policy\":196608,");
	JSON("\"vtpm_key\":{\"type\":\"rsa\",\"sha256\":\"");
	CHECK(strcmp(printed + strlen(printed) - 3, "}}\n") == 0);
	report.vmpl = 1;
	CHECK(!judge());
	JSON("{\"accepted\":false,");
	JSON("{\"name\":\"vmpl\",\"result\":\"refused\"");
}

TEST(results_of_all_services)
{
	static uint8_t all[24 + 24];
	struct svsm_services_header header = { .guid = SVSM_GUID_SERVICES, .size = sizeof(all), .count = 1 };
	struct svsm_services_entry entry = { .guid = SVSM_GUID_VTPM, .offset = sizeof(all) };
	struct svsm_services_header none = { .guid = SVSM_GUID_SERVICES, .size = sizeof(none) };

	start();
	evidence.all_services = true;
	memcpy(all, &header, sizeof(header));
	memcpy(all + 24, &entry, sizeof(entry));
	bind_manifest(all, sizeof(all));
	CHECK(judge());
	WORDS("services\n  c476f1eb-0123-45a5-9641-b4e7dde5bfe3 (vTPM), manifest of 0 bytes\n");
	JSON("\"services\":[{\"guid\":\"c476f1eb-0123-45a5-9641-b4e7dde5bfe3\",\"length\":0}]");
	memcpy(all, &none, sizeof(none));
	bind_manifest(all, sizeof(none));
	CHECK(judge());
	WORDS("services\n  none\n");
	JSON("\"services\":[]");
}

static void drop(struct blob *blob)
{
	free(blob->data);
	blob->data = NULL;
}

TEST(files)
{
	char path[] = "/tmp/verify-XXXXXX";
	int handle = mkstemp(path);
	static uint8_t large[(1u << 20) + 1u];
	struct blob blob = { 0 };
	EVP_PKEY *key;

	REQUIRE(handle >= 0);
	close(handle);
	CHECK(output_write(path, "four", 4));
	CHECK(input_read(&blob, "--x", path) && blob.size == 4 && memcmp(blob.data, "four", 4) == 0);
	drop(&blob);
	CHECK(output_write(path, large, sizeof(large) - 1) && input_read(&blob, "--x", path) && blob.size == sizeof(large) - 1);
	drop(&blob);
	CHECK(output_write(path, large, sizeof(large)) && !input_read(&blob, "--x", path)); /* a byte too many */
	drop(&blob);
	CHECK(!input_read(&blob, "--x", "/nowhere/x"));
	CHECK(!output_write("/nowhere/x", "x", 1));
	/* The endorsement key as others read it. */
	start();
	CHECK(judge());
	key = key_from_tpm(&findings.key);
	REQUIRE(key != NULL);
	CHECK_EQ(EVP_PKEY_get_bits(key), 2048);
	CHECK(key_write_pem(key, path));
	EVP_PKEY_free(key);
	CHECK(input_read(&blob, "--x", path) && blob.size > 27 && memcmp(blob.data, "-----BEGIN PUBLIC KEY-----\n", 27) == 0);
	drop(&blob);
	unlink(path);
}

TEST(guids)
{
	static const uint8_t vtpm[16] = SVSM_GUID_VTPM;
	uint8_t guid[16];
	char text[37];

	CHECK(parse_guid("C476F1EB-0123-45a5-9641-b4e7dde5bfe3", guid));
	CHECK(memcmp(guid, vtpm, 16) == 0);
	print_guid(vtpm, text);
	CHECK_TEXT(text, "c476f1eb-0123-45a5-9641-b4e7dde5bfe3");
	CHECK(!parse_guid("c476f1eb-0123-45a5-9641-b4e7dde5bfe", guid));
	CHECK(!parse_guid("c476f1eb-0123-45a5-9641_b4e7dde5bfe3", guid));
	CHECK(!parse_guid("c476f1eb-0123-45a5-9641-b4e7dde5bfeg", guid));
}
