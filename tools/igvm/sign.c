/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "edit.h"
#include "id_block.h"
#include "report.h"

struct options {
	const char *id_key, *author_key;			     /* private keys at hand */
	const char *id_public, *id_signature;			     /* or: a signature made elsewhere */
	const char *author_public, *author_signature;
	const char *output, *id_block_output, *id_auth_output, *prepare, *prepare_key;
	uint8_t family_id[16], image_id[16];
	uint32_t svn;
	enum loader loader;
};

static void print_help(void)
{
	puts("usage: igvm sign FILE --id-key KEY [--author-key KEY] -o OUTPUT\n"
	     "       igvm sign FILE --prepare BLOCK                       (then sign BLOCK elsewhere, and:)\n"
	     "       igvm sign FILE --id-public KEY --id-signature SIGNATURE -o OUTPUT\n\n"
	     "Adds an SNP ID block to an image: the owner's signature over launch digest, guest policy, family, image and version.\n"
	     "The security processor refuses to start anything else under this block, and puts the digests of the keys into its\n"
	     "reports. Keys are P-384, PEM, without password; signatures ECDSA with SHA-384. An ID block that is there is replaced.\n\n"
	     "signing here:\n"
	     "  --id-key KEY            private key\n"
	     "  --author-key KEY        private key that signs the ID key\n"
	     "signing elsewhere, where the keys are:\n"
	     "  --prepare BLOCK         write the 96 bytes that the ID key signs\n"
	     "  --prepare-key BLOB      with --id-public: write the 1028 bytes that the author key signs\n"
	     "  --id-public KEY         public key\n"
	     "  --id-signature FILE     its signature of BLOCK: DER, or r and s of 48 bytes each, big-endian\n"
	     "  --author-public KEY, --author-signature FILE\n"
	     "                          the same for the author's key and BLOB\n"
	     "what is signed (the same options must be given with --prepare and later):\n"
	     "  --family-id HEX         16 bytes (default 0)\n"
	     "  --image-id HEX          16 bytes (default 0)\n"
	     "  --svn N                 security version of the guest (default 0)\n"
	     "  --loader qemu|library   whose launch digest, if they differ ('igvm measure' tells; default qemu)\n"
	     "output:\n"
	     "  -o, --output FILE       the signed image\n"
	     "  --id-block-output FILE  the ID block, 96 bytes, as QEMU's sev-snp-guest takes it in base64\n"
	     "  --id-auth-output FILE   the authentication, 4096 bytes\n"
	     "  -h, --help              this text\n\n"
	     "for example:\n"
	     "  openssl ecparam -name secp384r1 -genkey -noout -out id.pem; openssl ec -in id.pem -pubout -out id-public.pem\n"
	     "  openssl dgst -sha384 -sign id.pem -out block.sig block");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int parse_id(const char *option, const char *text, uint8_t id[16])
{
	if (strlen(text) != 32)
		goto bad;
	for (unsigned i = 0; i < 16; i++) {
		int high = hex_digit(text[2ull * i]), low = hex_digit(text[2ull * i + 1]);

		if (high < 0 || low < 0)
			goto bad;
		id[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
bad:
	report("sign: --%s %s: must be 32 hexadecimal digits", option, text);
	return ERR_INVALID;
}

static int make_block(const struct source *source, const struct options *options, uint32_t mask,
		      struct snp_id_block *block)
{
	uint8_t other[SNP_DIGEST_SIZE];

	memset(block, 0, sizeof(*block));
	block->version = 1;
	block->guest_svn = options->svn;
	memcpy(block->family_id, options->family_id, sizeof(block->family_id));
	memcpy(block->image_id, options->image_id, sizeof(block->image_id));
	if (!source_guest_policy(source, mask, &block->policy)) {
		report("sign: %s: has no GUEST_POLICY, which the ID block must repeat", source->path);
		return ERR_UNSUPPORTED;
	}
	if (source_digest(source, mask, options->loader, block->ld) != 0 ||
	    source_digest(source, mask, options->loader == LOADER_QEMU ? LOADER_LIBRARY : LOADER_QEMU, other) != 0)
		return ERR_FORMAT;
	if (memcmp(block->ld, other, sizeof(other)) != 0)
		report("sign: warning: the launch digest depends on the loader; signing for %s ('igvm measure' tells why)",
		       loader_summary(options->loader));
	return 0;
}

static int read_key(struct signing_key **key, const char *what, const char *path, bool private_key)
{
	const char *error = key_read(key, path, private_key);

	if (error == NULL)
		return 0;
	report("%s %s: %s", what, path, error);
	return ERR_INVALID;
}

static int sign_here(const struct options *options, const struct snp_id_block *block, struct snp_id_auth *auth)
{
	struct signing_key *id_key = NULL, *author_key = NULL;
	int result = read_key(&id_key, "ID key", options->id_key, true);
	bool good;

	if (result == 0 && options->author_key != NULL)
		result = read_key(&author_key, "author key", options->author_key, true);
	if (result != 0)
		goto out;
	key_public(id_key, &auth->id_key);
	good = key_sign(id_key, block, sizeof(*block), &auth->id_block_signature);
	if (good && author_key != NULL) {
		key_public(author_key, &auth->author_key);
		auth->author_key_algorithm = SNP_ALGORITHM_ECDSA_P384_SHA384;
		good = key_sign(author_key, &auth->id_key, sizeof(auth->id_key), &auth->id_key_signature);
	}
	if (!good) {
		report("sign: libcrypto cannot sign with this key");
		result = ERR_FAULT;
	}
out:
	key_free(id_key);
	key_free(author_key);
	return result;
}

static int read_public(const char *what, const char *path, struct snp_public_key *public_key)
{
	struct signing_key *key;
	int result = read_key(&key, what, path, false);

	if (result == 0)
		key_public(key, public_key);
	key_free(key);
	return result;
}

static int read_signature(const char *what, const char *path, struct snp_signature *signature)
{
	struct blob file;
	bool good;

	if (blob_read(&file, what, path) != 0)
		return ERR_NOT_FOUND;
	good = signature_parse(file.data, file.size, signature);
	blob_free(&file);
	if (good)
		return 0;
	report("%s %s: is no ECDSA P-384 signature: neither DER nor 96 bytes", what, path);
	return ERR_FORMAT;
}

static int take_signatures(const struct options *options, struct snp_id_auth *auth)
{
	if (read_public("ID key", options->id_public, &auth->id_key) != 0 ||
	    read_signature("signature", options->id_signature, &auth->id_block_signature) != 0)
		return ERR_INVALID;
	if (options->author_public == NULL)
		return 0;
	auth->author_key_algorithm = SNP_ALGORITHM_ECDSA_P384_SHA384;
	if (read_public("author key", options->author_public, &auth->author_key) != 0)
		return ERR_INVALID;
	return read_signature("signature", options->author_signature, &auth->id_key_signature);
}

static int prepare(const struct options *options, const struct snp_id_block *block)
{
	struct snp_public_key key;

	if (options->prepare != NULL && file_write(options->prepare, block, sizeof(*block)) != 0)
		return ERR_INVALID;
	if (options->prepare_key == NULL)
		return 0;
	if (read_public("ID key", options->id_public, &key) != 0)
		return ERR_INVALID;
	return file_write(options->prepare_key, &key, sizeof(key));
}

static int write_image(const struct source *source, uint32_t mask, const struct snp_id_block *block,
		       const struct snp_id_auth *auth, const char *output)
{
	struct igvm_snp_id_block directive;
	const struct edit edit = {
		.drop_type = IGVM_VHT_SNP_ID_BLOCK,
		.drop_mask = mask,
		.add_type = IGVM_VHT_SNP_ID_BLOCK,
		.add_body = &directive,
		.add_size = sizeof(directive),
	};
	struct igvm_error error;
	struct blob image;
	int result;

	id_block_to_directive(block, auth, mask, &directive);
	result = edit_file(&source->file, &edit, &image, &error);
	if (result != 0)
		report_igvm_error(source->path, &error);
	else
		result = file_write(output, image.data, image.size);
	blob_free(&image);
	return result;
}

static int sign(const struct source *source, const struct options *options)
{
	struct snp_id_auth auth = { .id_key_algorithm = SNP_ALGORITHM_ECDSA_P384_SHA384 };
	struct snp_id_block block;
	const char *wrong;
	uint32_t mask;
	int result;

	if (source_need_snp(source, "sign", &mask) != 0 || make_block(source, options, mask, &block) != 0)
		return STATUS_FAILED;
	if (options->prepare != NULL || options->prepare_key != NULL)
		return prepare(options, &block) == 0 ? STATUS_OK : STATUS_FAILED;
	result = options->id_key != NULL ? sign_here(options, &block, &auth) : take_signatures(options, &auth);
	if (result != 0)
		return STATUS_FAILED;
	wrong = id_auth_check(&block, &auth);
	if (wrong != NULL) {
		report("sign: %s", wrong);
		return STATUS_FAILED;
	}
	if (options->output != NULL && write_image(source, mask, &block, &auth, options->output) != 0)
		return STATUS_FAILED;
	if (options->id_block_output != NULL && file_write(options->id_block_output, &block, sizeof(block)) != 0)
		return STATUS_FAILED;
	if (options->id_auth_output != NULL && file_write(options->id_auth_output, &auth, sizeof(auth)) != 0)
		return STATUS_FAILED;
	return STATUS_OK;
}

static int usage_error(const char *text)
{
	report("sign: %s; see 'igvm sign --help'", text);
	return ERR_INVALID;
}

static int check_options(const struct options *options)
{
	bool preparing = options->prepare != NULL || options->prepare_key != NULL;
	bool elsewhere = options->id_public != NULL || options->id_signature != NULL || options->author_public != NULL ||
			 options->author_signature != NULL;

	if (options->prepare_key != NULL && options->id_public == NULL)
		return usage_error("--prepare-key needs --id-public");
	if (preparing)
		return options->id_key == NULL && options->id_signature == NULL && options->output == NULL ?
			       0 :
			       usage_error("--prepare only writes what is to be signed: no private key, signature or output");
	if (elsewhere && (options->id_key != NULL || options->author_key != NULL))
		return usage_error("keys are either private (--id-key) or public with a signature (--id-public)");
	if (options->id_key == NULL && !elsewhere)
		return usage_error("one of --id-key, --id-public and --prepare must be given");
	if (elsewhere && (options->id_public == NULL || options->id_signature == NULL))
		return usage_error("--id-public and --id-signature belong together");
	if ((options->author_public == NULL) != (options->author_signature == NULL))
		return usage_error("--author-public and --author-signature belong together");
	if (options->output == NULL && options->id_block_output == NULL && options->id_auth_output == NULL)
		return usage_error("--output is missing");
	return 0;
}

static int take_svn(struct options *options, const char *text)
{
	uint64_t number;

	if (parse_number(text, UINT32_MAX, &number) != 0) {
		report("sign: --svn %s: must be a number of 32 bits", text);
		return ERR_INVALID;
	}
	options->svn = (uint32_t)number;
	return 0;
}

static int take_loader(struct options *options, const char *text)
{
	if (loader_find(text, &options->loader) == 0)
		return 0;
	report("sign: --loader %s: must be qemu or library", text);
	return ERR_INVALID;
}

enum { ID_KEY = 256, AUTHOR_KEY, ID_PUBLIC, ID_SIGNATURE, AUTHOR_PUBLIC, AUTHOR_SIGNATURE, ID_BLOCK_OUTPUT, ID_AUTH_OUTPUT,
       PREPARE, PREPARE_KEY, FAMILY_ID, IMAGE_ID, SVN, LOADER };

static int take_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'o': options->output = value; return 0;
	case ID_KEY: options->id_key = value; return 0;
	case AUTHOR_KEY: options->author_key = value; return 0;
	case ID_PUBLIC: options->id_public = value; return 0;
	case ID_SIGNATURE: options->id_signature = value; return 0;
	case AUTHOR_PUBLIC: options->author_public = value; return 0;
	case AUTHOR_SIGNATURE: options->author_signature = value; return 0;
	case ID_BLOCK_OUTPUT: options->id_block_output = value; return 0;
	case ID_AUTH_OUTPUT: options->id_auth_output = value; return 0;
	case PREPARE: options->prepare = value; return 0;
	case PREPARE_KEY: options->prepare_key = value; return 0;
	case FAMILY_ID: return parse_id("family-id", value, options->family_id);
	case IMAGE_ID: return parse_id("image-id", value, options->image_id);
	case SVN: return take_svn(options, value);
	case LOADER: return take_loader(options, value);
	default: return ERR_INVALID;
	}
}

int command_sign(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "output", required_argument, NULL, 'o' },
		{ "id-key", required_argument, NULL, ID_KEY },
		{ "author-key", required_argument, NULL, AUTHOR_KEY },
		{ "id-public", required_argument, NULL, ID_PUBLIC },
		{ "id-signature", required_argument, NULL, ID_SIGNATURE },
		{ "author-public", required_argument, NULL, AUTHOR_PUBLIC },
		{ "author-signature", required_argument, NULL, AUTHOR_SIGNATURE },
		{ "id-block-output", required_argument, NULL, ID_BLOCK_OUTPUT },
		{ "id-auth-output", required_argument, NULL, ID_AUTH_OUTPUT },
		{ "prepare", required_argument, NULL, PREPARE },
		{ "prepare-key", required_argument, NULL, PREPARE_KEY },
		{ "family-id", required_argument, NULL, FAMILY_ID },
		{ "image-id", required_argument, NULL, IMAGE_ID },
		{ "svn", required_argument, NULL, SVN },
		{ "loader", required_argument, NULL, LOADER },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .loader = LOADER_QEMU };
	struct source source;
	int option, status = STATUS_FAILED;

	while ((option = command_option("sign", argc, argv, ":ho:", long_options)) != -1) {
		if (option == 'h') {
			print_help();
			return STATUS_OK;
		}
		if (take_option(&options, option, optarg) != 0)
			return STATUS_FAILED;
	}
	if (command_one_file("sign", argc) != 0 || check_options(&options) != 0)
		return STATUS_FAILED;
	if (source_open(&source, argv[optind]) == 0)
		status = sign(&source, &options);
	source_close(&source);
	return status;
}
