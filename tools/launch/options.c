/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/launch/launch.h"

static const struct device_limits limits = {
	.memory_least = 512 * MIB,
	.memory_forced = 512 * MIB,
	.memory_most = 4096ull * 1024 * MIB,
	.cpus_most = 255,
	.network = NETWORK_USER,
	.disk_bus = DISK_BUS_SCSI,
	.boot_order = true,
	.cpu = "EPYC-v4",
};

static void print_help(void)
{
	fputs("usage: launch [OPTION...] IMAGE.igvm\n\n"
	      "Starts an image as an SEV-SNP guest with this host's QEMU and KVM, with the guest's serial console on this terminal.\n"
	      "The host is looked at first; what it lacks is said in words, with what to do about it (exit status 3).\n\n",
	      stdout);
	devices_help(&limits);
	fputs("  --force              start although something seems to be missing\n"
	      "  --check              only look at the host\n"
	      "  --root DIR           look for the host's /proc, /sys and /dev there (with --check or --dry-run)\n"
	      "  -h, --help           this text\n\n"
	      "Exit status: QEMU's own; 1 it could not be started, 2 wrong usage, 3 the host cannot run the image.\n",
	      stdout);
}

enum { CHECK = 256, ROOT };

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	DEVICE_OPTIONS,
	{ "check", no_argument, NULL, CHECK },
	{ "root", required_argument, NULL, ROOT },
	{ NULL, 0, NULL, 0 },
};

static int take_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'h': print_help(); return -1;
	case CHECK: options->check_only = true; return LAUNCH_OK;
	case ROOT: options->root = value; return LAUNCH_OK;
	default: complain("'--help' lists the options"); return LAUNCH_USAGE;
	}
}

static int take_device(struct options *options, const struct option *option, const char *value)
{
	const char *error = device_take(&options->devices, option->val, value);

	if (error == NULL)
		return LAUNCH_OK;
	complain("--%s %s: %s", option->name, value, error);
	return LAUNCH_USAGE;
}

static int check_image(const char *image)
{
	if (access(image, R_OK) != 0) {
		complain("%s: %s", image, strerror(errno));
		return LAUNCH_USAGE;
	}
	if (strchr(image, ',') != NULL) {
		complain("%s: QEMU takes no file names with a comma", image);
		return LAUNCH_USAGE;
	}
	return LAUNCH_OK;
}

static int check_options(const struct options *options)
{
	const char *error, *about;

	if (strcmp(options->root, "/") != 0 && !options->check_only && !options->devices.dry_run) {
		complain("--root goes with --check or --dry-run: nothing is started on another root's word");
		return LAUNCH_USAGE;
	}
	error = devices_check(&options->devices, &about);
	if (error == NULL)
		return LAUNCH_OK;
	complain("%s%s%s", about, about[0] != '\0' ? ": " : "", error);
	return LAUNCH_USAGE;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int option, status, index = 0;

	*options = (struct options){ .root = "/" };
	devices_init(&options->devices, &limits);
	while ((option = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
		status = device_is_option(option) ? take_device(options, &long_options[index], optarg) :
						    take_option(options, option, optarg);
		if (status != LAUNCH_OK)
			return status;
	}
	status = check_options(options);
	if (status != LAUNCH_OK || (options->check_only && optind == argc))
		return status;
	if (optind + 1 != argc) {
		complain("give exactly one IGVM image; '--help' explains");
		return LAUNCH_USAGE;
	}
	options->image = argv[optind];
	return check_image(options->image);
}
