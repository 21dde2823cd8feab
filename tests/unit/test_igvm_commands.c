/* SPDX-License-Identifier: MIT */
/*
 * The commands of igvm but build, as main() calls them, under the sanitizers: what they print of an image of ours, of its
 * changed and signed copies, and of a foreign one. The keys are of this test and of nothing else.
 */
#include <dirent.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/igvm.h"
#include "abi/launch.h"
#include "abi/policy.h"
#include "abi/snp.h"
#include "tests/mock/region.h"
#include "tests/unit/igvm_file.h"
#include "tests/unit/programs.h"
#include "tests/unit/unit.h"
#include "tools/igvm/commands.h"
#include "tools/igvm/ecdsa.h"

static const char id_key[] =
	"-----BEGIN EC PRIVATE KEY-----\n"
	"MIGkAgEBBDCmV2UAEhSQAtsV80zLuhfuk5gM1C787cvTybCjNzGnckMMuj48cSOG\n"
	"tFJ+F3IdIqWgBwYFK4EEACKhZANiAAQTQZefQaQOlhP+pYs7A+2icJs3zieCamRJ\n"
	"4qa4YGmgqWZG/N4zPBEs8lyTKE2qA38/rVxxBq4SsZ2flQoDJiR+RuwfP4gd7Fuw\n"
	"MyzgnDuu8xXC3h2kJZtOKaezQPSDbNs=\n"
	"-----END EC PRIVATE KEY-----\n";
static const char id_public[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEE0GXn0GkDpYT/qWLOwPtonCbN84ngmpk\n"
	"SeKmuGBpoKlmRvzeMzwRLPJckyhNqgN/P61ccQauErGdn5UKAyYkfkbsHz+IHexb\n"
	"sDMs4Jw7rvMVwt4dpCWbTimns0D0g2zb\n"
	"-----END PUBLIC KEY-----\n";
static const char author_key[] =
	"-----BEGIN EC PRIVATE KEY-----\n"
	"MIGkAgEBBDD/FdchawUhDvqHGeB4iSCwyuu2UWVp6zgLbBROQ8vFDGV/DU5NavLW\n"
	"pcer6rT9DcGgBwYFK4EEACKhZANiAAQZY/pE28HsgZGg8BSaZSbxDAIZILpQ3kxx\n"
	"RrRYceM9Pe6f3hbkbjTxvLZWF2unGQLTq9dF/XUMOfK3ltnFr0x3esNQrJv3iJ00\n"
	"ROtcWOKxFLzZJJ8RbYxZudhd3qIue0w=\n"
	"-----END EC PRIVATE KEY-----\n";
static const char other_curve[] =
	"-----BEGIN EC PRIVATE KEY-----\n"
	"MHcCAQEEIMocVewg78B4EdZhZwiQ48juLuf2YIoVxsQPOhH6WBZHoAoGCCqGSM49\n"
	"AwEHoUQDQgAEsc/8i5ZvrpObQmlrujADFRBPed9hSaiJmLt9mFc4AAfR+fX1IoFG\n"
	"2yXdQYPYo3HDAci/xI/BCns3HW0BK1rSTw==\n"
	"-----END EC PRIVATE KEY-----\n";

static char directory[] = "/tmp/igvm-commands-XXXXXX";
static char output[1 << 20]; /* of the command that ran last */
static char errors[4096];

/* A file in the test's folder; sixteen names may be in use at the same time. */
static const char *path(const char *name)
{
	static char names[16][80];
	static unsigned next;
	char *text = names[next++ % 16];

	snprintf(text, sizeof(names[0]), "%s/%s", directory, name);
	return text;
}

static void write_file(const char *name, const void *data, size_t size)
{
	FILE *stream = fopen(path(name), "wb");

	if (stream == NULL || fwrite(data, 1, size, stream) != size || fclose(stream) != 0)
		abort();
}

static size_t read_file(const char *name, void *data, size_t size)
{
	FILE *stream = fopen(path(name), "rb");
	size_t got = stream != NULL ? fread(data, 1, size, stream) : 0;

	if (stream != NULL)
		(void)fclose(stream);
	return got;
}

static void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

__attribute__((constructor)) static void make_directory(void)
{
	if (mkdtemp(directory) == NULL)
		abort();
}

/* As deep as the test has made its folders. NOLINTNEXTLINE(misc-no-recursion) */
static void remove_all(const char *folder)
{
	DIR *stream = opendir(folder);
	struct dirent *entry;

	while (stream != NULL && (entry = readdir(stream)) != NULL) {
		char name[512];

		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.' && unlink(name) != 0)
			remove_all(name);
	}
	if (stream != NULL)
		closedir(stream);
	rmdir(folder);
}

__attribute__((destructor)) static void remove_directory(void)
{
	remove_all(directory);
}

/* Runs a command with its output and its errors in files. */
static int run(int (*command)(int, char **), const char *const *arguments)
{
	char *argv[32];
	int argc = 0, status, out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);

	argv[argc++] = (char *)(uintptr_t) "command";
	for (; *arguments != NULL; arguments++)
		argv[argc++] = (char *)(uintptr_t)*arguments;
	argv[argc] = NULL;
	fflush(NULL);
	if (freopen(path("out"), "w", stdout) == NULL || freopen(path("err"), "w", stderr) == NULL)
		abort();
	optind = 0; /* makes getopt start again */
	status = command(argc, argv);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	memset(output, 0, sizeof(output));
	memset(errors, 0, sizeof(errors));
	read_file("out", output, sizeof(output) - 1);
	read_file("err", errors, sizeof(errors) - 1);
	return status;
}
#define RUN(command, ...) run(command_##command, (const char *const[]){ __VA_ARGS__, NULL })
#define PRINTS(text) CHECK(strstr(output, text) != NULL)
#define TELLS(text) CHECK(strstr(errors, text) != NULL)
#define REFUSES(text, call) \
	do { \
		CHECK_EQ(call, STATUS_FAILED); \
		TELLS(text); \
		CHECK(strncmp(errors, "igvm: ", 6) == 0 && strchr(errors, '\n') == errors + strlen(errors) - 1); \
	} while (0)

/* Every bracket has its partner outside of strings, and one value fills the output. */
static bool is_json(void)
{
	char stack[64];
	size_t depth = 0;
	bool string = false;

	for (const char *at = output; *at != '\0'; at++) {
		if (string) {
			at += *at == '\\' && at[1] != '\0';
			string = *at != '"';
		} else if (*at == '"') {
			string = true;
		} else if (*at == '{' || *at == '[') {
			if (depth == sizeof(stack))
				return false;
			stack[depth++] = *at == '{' ? '}' : ']';
		} else if (*at == '}' || *at == ']') {
			if (depth == 0 || stack[depth - 1] != *at)
				return false;
			depth--;
		}
	}
	return output[0] == '{' && depth == 0 && !string;
}

static void write_programs(void)
{
	struct test_elf monitor, payload;
	uint64_t va = MONITOR_VA + LAUNCH_OFF_IMAGE;

	elf_begin(&monitor, va);
	elf_add(&monitor, va, 0x200, 0x200, ELF_FLAG_READ | ELF_FLAG_EXECUTE);
	elf_add(&monitor, va + 0x1000, 0x80, 0x2800, ELF_FLAG_READ | ELF_FLAG_WRITE);
	elf_begin(&payload, 0x200000);
	elf_add(&payload, 0x200000, 0x200, 0x200, ELF_FLAG_READ | ELF_FLAG_EXECUTE);
	write_file("monitor", monitor.data, sizeof(monitor.data));
	write_file("payload", payload.data, sizeof(payload.data));
}

static void make_image(const char *name, const char *host)
{
	write_programs();
	if (RUN(build, "-q", "--monitor", path("monitor"), "--payload", path("payload"), "--host", host, "-o", path(name)) != 0)
		abort();
}

/* Of another's making, with everything that loaders differ in. */
static void make_foreign(const char *name)
{
	static struct test_file file;
	const struct igvm_page_data zeros = { .gpa = 0x400000, .compatibility_mask = 1 };
	const struct igvm_page_data unmeasured = { .gpa = 0x500000, .compatibility_mask = 1, .file_offset = FILE_HEADERS_MAX,
						   .flags = IGVM_PAGE_FLAG_UNMEASURED };
	const struct igvm_page_data shared = { .gpa = 0x600000, .compatibility_mask = 1, .flags = IGVM_PAGE_FLAG_SHARED };
	const struct igvm_page_data large = { .gpa = 0x800000, .compatibility_mask = 1, .flags = IGVM_PAGE_FLAG_2M };
	const struct igvm_page_data secrets = { .gpa = 0x700000, .compatibility_mask = 1, .data_type = IGVM_PAGE_TYPE_SECRETS };

	file_sample(&file, 2);
	file_header(&file, IGVM_VHT_PAGE_DATA, &zeros, sizeof(zeros));
	file_header(&file, IGVM_VHT_PAGE_DATA, &unmeasured, sizeof(unmeasured));
	file_header(&file, IGVM_VHT_PAGE_DATA, &shared, sizeof(shared));
	file_header(&file, IGVM_VHT_PAGE_DATA, &large, sizeof(large));
	file_header(&file, IGVM_VHT_PAGE_DATA, &secrets, sizeof(secrets));
	file_finish(&file);
	write_file(name, file.data, file.size);
}

/* ---- the program ---- */

TEST(program)
{
	CHECK_EQ(RUN(run, "help"), STATUS_OK);
	PRINTS("usage: igvm COMMAND");
	CHECK_EQ(RUN(run, "--help"), STATUS_OK);
	CHECK_EQ(RUN(run, "-h"), STATUS_OK);
	CHECK_EQ(RUN(run, "measure", "--help"), STATUS_OK);
	PRINTS("usage: igvm measure");
	REFUSES("unknown command 'inspec'", RUN(run, "inspec"));
	REFUSES("unknown command ''", RUN(run, ""));
	CHECK_EQ(run(command_run, (const char *const[]){ NULL }), STATUS_FAILED);
	TELLS("no command given");
}

/* ---- inspect ---- */

TEST(inspect)
{
	make_image("image", "qemu");
	REQUIRE(RUN(inspect, path("image")) == STATUS_OK);
	PRINTS("platform  SEV-SNP (type 2, version 1), mask 0x1");
	PRINTS("policy    0x30000");
	PRINTS("MADT (optional) to area 2");
	PRINTS("0x0000fc000000  | #");
	PRINTS("Cashew image \"cashew\"");
	PRINTS("TEST payload");
	PRINTS("secure-boot = off");
	PRINTS("launch digest  ");
	REQUIRE(RUN(inspect, path("image"), "--json") == STATUS_OK);
	CHECK(is_json());
	PRINTS("\"region_gpa\": \"0xfc000000\"");
	make_foreign("foreign");
	REQUIRE(RUN(inspect, path("foreign")) == STATUS_OK);
	PRINTS("format version 2");
	PRINTS("shared with the host");
	PRINTS("not measured");
	PRINTS("measured, no content");
	PRINTS("or else  ");
	CHECK(strstr(output, "Cashew image") == NULL);
	REQUIRE(RUN(inspect, path("foreign"), "--json") == STATUS_OK);
	CHECK(is_json());
	REFUSES("No such file", RUN(inspect, path("nowhere")));
	REFUSES("one image must be named", RUN(inspect, path("image"), path("image")));
	REFUSES("--bogus", RUN(inspect, "--bogus"));
	CHECK_EQ(RUN(inspect, "--help"), STATUS_OK);
	PRINTS("usage: igvm inspect");
}

/* ---- measure and policy ---- */

TEST(measure)
{
	char digest[100], text[16];

	make_image("image", "qemu");
	REQUIRE(RUN(measure, path("image"), "--loader", "qemu") == STATUS_OK);
	CHECK_EQ(strlen(output), 97);
	snprintf(digest, sizeof(digest), "%.96s", output);
	REQUIRE(RUN(measure, path("image")) == STATUS_OK);
	PRINTS(digest);
	PRINTS("every loader measures the same");
	REQUIRE(RUN(measure, path("image"), "--steps") == STATUS_OK);
	PRINTS("VMSA");
	PRINTS(digest);
	REQUIRE(RUN(measure, path("image"), "--json") == STATUS_OK);
	CHECK(is_json());
	PRINTS(digest);
	REQUIRE(RUN(measure, path("image"), "--json", "--steps") == STATUS_OK);
	CHECK(is_json());
	/* Another policy: foretold, and so it is. */
	REQUIRE(RUN(measure, path("image"), "--loader", "qemu", "--set", "guest-vmpl=1") == STATUS_OK);
	CHECK(strncmp(output, digest, 96) != 0);
	snprintf(digest, sizeof(digest), "%.96s", output);
	REQUIRE(RUN(policy, path("image"), "--set", "guest-vmpl=1", "-o", path("changed")) == STATUS_OK);
	REQUIRE(RUN(measure, path("changed"), "--loader", "library") == STATUS_OK);
	CHECK(strncmp(output, digest, 96) == 0);
	write_text("settings", "guest-vmpl = 1\n");
	REQUIRE(RUN(measure, path("image"), "--loader", "qemu", "--policy", path("settings")) == STATUS_OK);
	CHECK(strncmp(output, digest, 96) == 0);
	make_foreign("foreign");
	REQUIRE(RUN(measure, path("foreign")) == STATUS_OK);
	PRINTS("DEPENDS on the loader");
	PRINTS("note: ");
	REQUIRE(RUN(measure, path("foreign"), "--json") == STATUS_OK);
	CHECK(is_json());
	REFUSES("no policy page", RUN(measure, path("foreign"), "--set", "guest-vmpl=1"));
	REFUSES("qemu or library", RUN(measure, path("image"), "--loader", "other"));
	REFUSES("must be 1, 2 or 3", RUN(measure, path("image"), "--set", "guest-vmpl=0"));
	snprintf(text, sizeof(text), "--%s", "loader");
	REFUSES("--loader", RUN(measure, path("image"), text));
}

TEST(policy)
{
	make_image("image", "qemu");
	REQUIRE(RUN(policy, path("image")) == STATUS_OK);
	PRINTS("guest-vmpl = 2\nconsole = off\n");
	REQUIRE(RUN(policy, path("image"), "--set", "secure-boot=deployed", "--set", "services-off=a b", "-o", path("changed")) == 0);
	REQUIRE(RUN(policy, path("changed"), "--json") == STATUS_OK);
	CHECK(is_json());
	PRINTS("\"secure-boot\": \"deployed\"");
	REQUIRE(RUN(policy, path("changed"), "--defaults", "-o", path("changed")) == STATUS_OK);
	CHECK_EQ(RUN(diff, path("changed"), path("image")), STATUS_OK);
	REFUSES("is no key", RUN(policy, path("image"), "--set", "colour=red", "-o", path("none")));
	REFUSES("with --output", RUN(policy, path("image"), "--set", "guest-vmpl=1"));
	make_foreign("foreign");
	REFUSES("no policy page", RUN(policy, path("foreign")));
	CHECK(access(path("none"), F_OK) != 0);
}

/* ---- diff ---- */

TEST(diff)
{
	make_image("image", "qemu");
	make_image("other", "hyper-v");
	make_foreign("foreign");
	CHECK_EQ(RUN(diff, path("image"), path("image")), STATUS_OK);
	PRINTS("launch the same");
	REQUIRE(RUN(policy, path("image"), "--set", "guest-vmpl=1", "-o", path("changed")) == 0);
	CHECK_EQ(RUN(diff, path("image"), path("changed")), STATUS_DIFFERENT);
	PRINTS("guest-vmpl = 2 -> 1");
	PRINTS("because 1 page has another content");
	CHECK_EQ(RUN(diff, path("image"), path("other"), "--loader", "library"), STATUS_DIFFERENT);
	PRINTS("only in the first");
	PRINTS("only in the second");
	CHECK_EQ(RUN(diff, path("image"), path("other"), "--json"), STATUS_DIFFERENT);
	CHECK(is_json());
	CHECK_EQ(RUN(diff, path("image"), path("foreign")), STATUS_DIFFERENT);
	PRINTS("RIP");
	CHECK_EQ(RUN(diff, path("foreign"), path("image"), "--json"), STATUS_DIFFERENT);
	CHECK(is_json());
	REFUSES("two images", RUN(diff, path("image")));
	REFUSES("No such file", RUN(diff, path("image"), path("nowhere")));
	REFUSES("qemu or library", RUN(diff, path("image"), path("other"), "--loader", "x"));
}

/* ---- extract ---- */

TEST(extract)
{
	uint8_t page[4096], some[16];

	make_image("image", "qemu");
	REQUIRE(RUN(extract, path("image"), "--directory", path("parts")) == STATUS_OK);
	CHECK_EQ(read_file("parts/policy.bin", page, sizeof(page)), sizeof(page));
	CHECK(access(path("parts/0000fc007000-measured.bin"), R_OK) == 0);
	REQUIRE(RUN(extract, path("image"), "--gpa", "0xfc007004", "--size", "16", "-o", path("some")) == STATUS_OK);
	CHECK_EQ(read_file("some", some, sizeof(some)), sizeof(some));
	CHECK(memcmp(some, page + 4, sizeof(some)) == 0);
	/* Two pages that are no neighbours in the file. */
	REQUIRE(RUN(extract, path("image"), "--gpa", "0xfc000ff8", "--size", "4112", "-o", path("some")) == STATUS_OK);
	REFUSES("no content at 0xfc003000", RUN(extract, path("image"), "--gpa", "0xfc003000", "-o", path("none")));
	REFUSES("beyond the address space", RUN(extract, path("image"), "--gpa", "0xfffffffffffff000", "--size", "8192", "-o", path("none")));
	REFUSES("no content at 0xfc", RUN(extract, path("image"), "--gpa", "0xfc007000", "--size", "4294967295", "-o", path("none")));
	REFUSES("must be a number", RUN(extract, path("image"), "--gpa", "x", "-o", path("none")));
	REFUSES("must be a number", RUN(extract, path("image"), "--gpa", "0", "--size", "-1", "-o", path("none")));
	REFUSES("either --directory or --gpa", RUN(extract, path("image")));
	write_text("file", "x");
	REFUSES("file", RUN(extract, path("image"), "--directory", path("file")));
	make_foreign("foreign");
	REQUIRE(RUN(extract, path("foreign"), "--directory", path("parts2")) == STATUS_OK);
	CHECK(access(path("parts2/policy.bin"), F_OK) != 0);
	CHECK(access(path("none"), F_OK) != 0);
}

/* ---- sign ---- */

static void write_keys(void)
{
	write_text("id", id_key);
	write_text("public", id_public);
	write_text("author", author_key);
	write_text("p256", other_curve);
}

/* As a signer elsewhere would: r and s of 48 bytes, big-endian. */
static void sign_file(const char *name, const char *key_name, const char *signature_name)
{
	uint8_t data[2048], raw[96];
	struct snp_signature signature;
	struct signing_key *key;
	size_t size = read_file(name, data, sizeof(data));

	if (key_read(&key, path(key_name), true) != NULL || !key_sign(key, data, size, &signature))
		abort();
	for (size_t i = 0; i < 48; i++) {
		raw[i] = signature.r[47 - i];
		raw[48 + i] = signature.s[47 - i];
	}
	key_free(key);
	write_file(signature_name, raw, sizeof(raw));
}

TEST(sign)
{
	make_image("image", "qemu");
	write_keys();
	REQUIRE(RUN(sign, path("image"), "--id-key", path("id"), "--author-key", path("author"), "--svn", "7", "-o", path("signed")) == 0);
	REQUIRE(RUN(measure, path("signed"), "--json") == STATUS_OK);
	CHECK(is_json());
	PRINTS("\"valid\": true");
	PRINTS("\"guest_svn\": 7");
	REQUIRE(RUN(inspect, path("signed")) == STATUS_OK);
	PRINTS("ID block");
	CHECK_EQ(RUN(diff, path("image"), path("signed")), STATUS_DIFFERENT);
	PRINTS("digests are equal");
	REQUIRE(RUN(extract, path("signed"), "--directory", path("parts3")) == STATUS_OK);
	REQUIRE(RUN(policy, path("signed"), "--set", "console=on", "-o", path("changed")) == STATUS_OK);
	TELLS("ID block is for another launch digest");
	/* Elsewhere. */
	REQUIRE(RUN(sign, path("image"), "--svn", "7", "--prepare", path("block"), "--id-public", path("public"), "--prepare-key",
		    path("blob")) == STATUS_OK);
	sign_file("block", "id", "block.sig");
	sign_file("blob", "author", "blob.sig");
	write_text("author-public", author_key); /* a private key has a public one in it, but is not taken for it */
	REFUSES("P-384", RUN(sign, path("image"), "--svn", "7", "--id-public", path("public"), "--id-signature", path("block.sig"),
			     "--author-public", path("author-public"), "--author-signature", path("blob.sig"), "-o", path("none")));
	REQUIRE(RUN(sign, path("image"), "--svn", "7", "--id-public", path("public"), "--id-signature", path("block.sig"), "-o",
		    path("elsewhere"), "--id-block-output", path("block2"), "--id-auth-output", path("auth")) == STATUS_OK);
	REQUIRE(RUN(measure, path("elsewhere"), "--json") == STATUS_OK);
	PRINTS("\"valid\": true");
	REFUSES("does not match the ID key", RUN(sign, path("image"), "--svn", "8", "--id-public", path("public"), "--id-signature",
						 path("block.sig"), "-o", path("none")));
	CHECK(access(path("none"), F_OK) != 0);
}

TEST(sign_wrongly)
{
	make_image("image", "qemu");
	write_keys();
	REFUSES("P-384", RUN(sign, path("image"), "--id-key", path("p256"), "-o", path("none")));
	REFUSES("P-384", RUN(sign, path("image"), "--id-key", path("public"), "-o", path("none")));
	REFUSES("No such file", RUN(sign, path("image"), "--id-key", path("nowhere"), "-o", path("none")));
	REFUSES("hexadecimal", RUN(sign, path("image"), "--id-key", path("id"), "--family-id", "12", "-o", path("none")));
	REFUSES("hexadecimal", RUN(sign, path("image"), "--id-key", path("id"), "--image-id", "0123456789abcdef0123456789abcdeg", "-o",
				   path("none")));
	REFUSES("32 bits", RUN(sign, path("image"), "--id-key", path("id"), "--svn", "4294967296", "-o", path("none")));
	REFUSES("one of --id-key", RUN(sign, path("image"), "-o", path("none")));
	REFUSES("output is missing", RUN(sign, path("image"), "--id-key", path("id")));
	REFUSES("belong together", RUN(sign, path("image"), "--id-public", path("public"), "-o", path("none")));
	REFUSES("neither DER", RUN(sign, path("image"), "--id-public", path("public"), "--id-signature", path("id"), "-o", path("none")));
	CHECK(access(path("none"), F_OK) != 0);
}

/* ---- what is no image ---- */

TEST(damaged_files)
{
	static uint8_t data[1 << 20];
	size_t size;

	make_image("image", "qemu");
	size = read_file("image", data, sizeof(data));
	REQUIRE(size > 0 && size < sizeof(data));
	for (size_t cut = 0; cut < 64; cut += 4) {
		write_file("bad", data, cut == 0 ? 1 : cut);
		REFUSES("bad: ", RUN(inspect, path("bad")));
		REFUSES("bad: ", RUN(measure, path("bad")));
		REFUSES("bad: ", RUN(diff, path("image"), path("bad")));
		REFUSES("bad: ", RUN(extract, path("bad"), "--directory", path("none")));
	}
	data[40] ^= 1; /* a header: the checksum sees it */
	write_file("bad", data, size);
	REFUSES("at offset 0x", RUN(inspect, path("bad")));
	REFUSES("at offset 0x", RUN(sign, path("bad"), "--id-key", path("id"), "-o", path("none")));
}
