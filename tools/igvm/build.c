/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "commands.h"
#include "digest.h"
#include "layout.h"
#include "policy.h"

#define MONITOR_BUDGET (256u * 1024u)

struct options {
	const char *monitor, *archive, *kernel, *initrd, *append, *payload, *firmware, *output, *name;
	const struct recipe *recipe;
	struct recipe recipe_file;
	struct policy_page policy;
	bool quiet, firmware_only;
};

enum option_code {
	OPTION_HELP = 'h',
	OPTION_OUTPUT = 'o',
	OPTION_QUIET = 'q',
	OPTION_MONITOR = 256,
	OPTION_ARCHIVE,
	OPTION_KERNEL,
	OPTION_INITRD,
	OPTION_APPEND,
	OPTION_PAYLOAD,
	OPTION_POLICY,
	OPTION_SET,
	OPTION_FIRMWARE,
	OPTION_FIRMWARE_ONLY,
	OPTION_VMPL,
	OPTION_CONSOLE,
	OPTION_SERIAL,
	OPTION_NAME,
	OPTION_HOST,
	OPTION_RECIPE,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "output", required_argument, NULL, OPTION_OUTPUT },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "monitor", required_argument, NULL, OPTION_MONITOR },
	{ "archive", required_argument, NULL, OPTION_ARCHIVE },
	{ "kernel", required_argument, NULL, OPTION_KERNEL },
	{ "initrd", required_argument, NULL, OPTION_INITRD },
	{ "append", required_argument, NULL, OPTION_APPEND },
	{ "payload", required_argument, NULL, OPTION_PAYLOAD },
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "set", required_argument, NULL, OPTION_SET },
	{ "firmware", required_argument, NULL, OPTION_FIRMWARE },
	{ "firmware-only", no_argument, NULL, OPTION_FIRMWARE_ONLY },
	{ "guest-vmpl", required_argument, NULL, OPTION_VMPL },
	{ "console", required_argument, NULL, OPTION_CONSOLE },
	{ "serial-port", required_argument, NULL, OPTION_SERIAL },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "host", required_argument, NULL, OPTION_HOST },
	{ "recipe", required_argument, NULL, OPTION_RECIPE },
	{ NULL, 0, NULL, 0 },
};

static void print_help(void)
{
	fputs("usage: igvm build --monitor ELF (--kernel FILE [--initrd FILE] [--append TEXT] | --firmware FILE | "
	      "--payload ELF) -o FILE\n\n"
	      "Makes an IGVM image of the monitor and the guest that it starts. The same inputs give the same bits.\n\n"
	      "  --monitor ELF        the monitor\n"
	      "  --archive FILE       services that the monitor runs (default: none)\n"
	      "  --kernel FILE        Linux bzImage, started directly in 64-bit mode\n"
	      "  --initrd FILE        its initial RAM disk\n"
	      "  --append TEXT        its command line\n"
	      "  --firmware FILE      instead of Linux: OVMF, started at its reset vector, or firmware in an IGVM file\n"
	      "  --firmware-only      no monitor: that OVMF alone as an IGVM file, for QEMU or for another build --firmware\n"
	      "  --payload ELF        instead of Linux: a static program, started in 64-bit mode\n"
	      "  -o, --output FILE    the image\n"
	      "  --policy FILE        what the policy page says; 'igvm policy --help' tells the keys\n"
	      "  --set KEY=VALUE      one line of it; later options win\n"
	      "  --guest-vmpl N, --console on|off, --serial-port PORT\n"
	      "                       short for --set guest-vmpl=N and so on\n"
	      "  --name TEXT          name of the image, for the log (default cashew)\n"
	      "  --host NAME          initial state and directives as this host wants them (default: the first)\n"
	      "  --recipe FILE        the same from a file, as those in tools/igvm/recipes\n"
	      "  -q, --quiet          no summary\n"
	      "\nhosts:\n",
	      stdout);
	for (unsigned i = 0; recipe_at(i); i++)
		printf("  %-10s %s\n", recipe_at(i)->name, recipe_at(i)->summary);
}

static int bad_value(const char *option, const char *value, const char *allowed)
{
	report("build: --%s %s: must be %s", option, value, allowed);
	return ERR_INVALID;
}

static int set_policy(struct options *options, const char *key, const char *value)
{
	const char *error = policy_set(&options->policy, key, value);

	if (error == NULL)
		return 0;
	report("build: --%s %s: %s", key, value, error);
	return ERR_INVALID;
}

static int take_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_OUTPUT:
		options->output = value;
		return 0;
	case OPTION_QUIET:
		options->quiet = true;
		return 0;
	case OPTION_MONITOR:
		options->monitor = value;
		return 0;
	case OPTION_ARCHIVE:
		options->archive = value;
		return 0;
	case OPTION_KERNEL:
		options->kernel = value;
		return 0;
	case OPTION_INITRD:
		options->initrd = value;
		return 0;
	case OPTION_APPEND:
		options->append = value;
		return 0;
	case OPTION_PAYLOAD:
		options->payload = value;
		return 0;
	case OPTION_FIRMWARE:
		options->firmware = value;
		return 0;
	case OPTION_FIRMWARE_ONLY:
		options->firmware_only = true;
		return 0;
	case OPTION_NAME:
		options->name = value;
		return 0;
	case OPTION_POLICY:
		return policy_read_file(&options->policy, value);
	case OPTION_SET:
		return policy_set_argument(&options->policy, "build", value);
	case OPTION_CONSOLE:
		return set_policy(options, "console", value);
	case OPTION_VMPL:
		return set_policy(options, "guest-vmpl", value);
	case OPTION_SERIAL:
		return set_policy(options, "serial-port", value);
	case OPTION_HOST:
		options->recipe = recipe_find(value);
		return options->recipe ? 0 : bad_value("host", value, "one that 'igvm build --help' lists");
	case OPTION_RECIPE:
		options->recipe = &options->recipe_file;
		return recipe_read_file(&options->recipe_file, value);
	default:
		return ERR_INVALID; /* report_option() has told */
	}
}

static int usage_error(const char *text)
{
	report("build: %s; see 'igvm build --help'", text);
	return ERR_INVALID;
}

static int check_options(const struct options *options, int argc)
{
	if (optind < argc)
		return usage_error("every argument needs an option in front of it");
	if (options->firmware_only && (!options->firmware || options->monitor || options->archive))
		return usage_error("--firmware-only goes with --firmware, and without --monitor and --archive");
	if (!options->monitor && !options->firmware_only)
		return usage_error("--monitor is missing");
	if (!options->output)
		return usage_error("--output is missing");
	if (!!options->kernel + !!options->payload + !!options->firmware != 1)
		return usage_error("one of --kernel, --firmware and --payload must be given");
	if (!options->kernel && (options->initrd || options->append))
		return usage_error("--initrd and --append go with --kernel");
	if (strlen(options->name) >= sizeof(((struct launch_block *)0)->image_name))
		return usage_error("--name is longer than 63 bytes");
	return 0;
}

static int lay_out(struct layout *layout, const struct options *options)
{
	int result;

	layout->recipe = options->recipe;
	if (options->firmware_only)
		return firmware_image_add(layout, options->firmware);
	layout->policy = options->policy;
	memcpy(layout->block.image_name, options->name, strlen(options->name));
	if (options->payload) {
		result = guest_add_payload(layout, options->payload);
	} else if (options->firmware) {
		result = guest_add_firmware(layout, options->firmware);
	} else {
		const struct linux_input input = { options->kernel, options->initrd, options->append };

		result = guest_add_linux(layout, &input);
	}
	return result == 0 ? monitor_add(layout, options->monitor, options->archive) : result;
}

/* Reads back what was written, with the checks that inspect makes, and computes the digest. */
static int verify(const struct blob *image, const char *path, uint32_t mask, uint8_t digest[SNP_DIGEST_SIZE])
{
	struct summary summary = { 0 };
	struct igvm_error error;
	struct igvm_file file;
	int result = igvm_open(&file, image->data, image->size, &error);

	if (result == 0)
		result = check_file(&file, &summary, &error);
	if (result == 0)
		result = digest_compute(&file, mask, LOADER_QEMU, digest, &error);
	if (result != 0)
		report_igvm_error(path, &error);
	summary_free(&summary);
	return result;
}

static void print_summary(const struct layout *layout, const struct options *options, const struct blob *image,
			  const uint8_t digest[SNP_DIGEST_SIZE])
{
	uint32_t content = layout->monitor_pages - layout->monitor_zero_pages;
	uint64_t content_size = content * PAGE_SIZE;
	char text[2 * SNP_DIGEST_SIZE + 1];

	digest_format(digest, text);
	printf("image          %s, %zu bytes, %zu pages\n", options->output, image->size, layout->image.page_count);
	if (!options->firmware_only)
		printf("monitor        %" PRIu64 " bytes without guest (budget %u): %u pages with content, %u of zeros\n",
		       content_size, MONITOR_BUDGET, content, layout->monitor_zero_pages);
	if (layout->archive_pages != 0)
		printf("services       %" PRIu64 " bytes\n", layout->block.archive_size);
	printf("launch digest  %s\n", text);
}

static int build(const struct options *options)
{
	struct layout *layout = allocate(sizeof(*layout));
	uint8_t digest[SNP_DIGEST_SIZE];
	struct blob image = { 0 };
	int result = lay_out(layout, options);

	if (result == 0)
		result = image_write(&layout->image, layout->recipe, &image);
	if (result == 0)
		result = verify(&image, options->output, (uint32_t)layout->recipe->platform_mask, digest);
	if (result == 0)
		result = file_write(options->output, image.data, image.size);
	if (result == 0 && !options->quiet)
		print_summary(layout, options, &image, digest);
	blob_free(&image);
	image_free(&layout->image);
	free(layout);
	return result == 0 ? STATUS_OK : STATUS_FAILED;
}

int command_build(int argc, char **argv)
{
	struct options options = {
		.append = NULL,
		.name = "cashew",
		.recipe = recipe_at(0),
	};
	int option;

	policy_init(&options.policy);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":ho:q", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			print_help();
			return STATUS_OK;
		}
		if (option == '?' || option == ':')
			report_option("build", option, argv);
		if (take_option(&options, option, optarg) != 0)
			return STATUS_FAILED;
	}
	if (check_options(&options, argc) != 0)
		return STATUS_FAILED;
	if (options.kernel && !options.append)
		options.append = "";
	return build(&options);
}
