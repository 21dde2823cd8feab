/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/launch/launch.h"

#define MEMORY_LEAST (512 * MIB)
#define MEMORY_MOST (4096ull * 1024 * MIB)
#define CPUS_MOST 255u

static const char help[] =
	"usage: launch [OPTION...] IMAGE.igvm\n\n"
	"Starts an image as an SEV-SNP guest with this host's QEMU and KVM, with the guest's serial console on this terminal.\n"
	"The host is looked at first; what it lacks is said in words, with what to do about it (exit status 3).\n\n"
	"  --memory SIZE        RAM of the guest, with suffix M or G (default 1G)\n"
	"  --cpus N             virtual processors (default 1)\n"
	DEVICE_DISK_HELP DEVICES_HELP
	"  --qemu FILE          QEMU to use (default qemu-system-x86_64)\n"
	"  --cpu MODEL          QEMU's processor model (default EPYC-v4)\n"
	"  --check              only look at the host\n"
	"  --dry-run            print QEMU's command line instead of running it; says what is missing, too\n"
	"  --force              start although something seems to be missing\n"
	"  --root DIR           look for the host's /proc, /sys and /dev there (with --check or --dry-run)\n"
	"  -h, --help           this text\n\n"
	"Exit status: QEMU's own; 1 it could not be started, 2 wrong usage, 3 the host cannot run the image.\n";

enum { MEMORY = 256, CPUS, QEMU, CPU, CHECK, DRY_RUN, FORCE, ROOT };

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "memory", required_argument, NULL, MEMORY },
	{ "cpus", required_argument, NULL, CPUS },
	DEVICE_DISK_OPTION,
	DEVICE_OPTIONS,
	{ "qemu", required_argument, NULL, QEMU },
	{ "cpu", required_argument, NULL, CPU },
	{ "check", no_argument, NULL, CHECK },
	{ "dry-run", no_argument, NULL, DRY_RUN },
	{ "force", no_argument, NULL, FORCE },
	{ "root", required_argument, NULL, ROOT },
	{ NULL, 0, NULL, 0 },
};

static int bad(const char *option, const char *value, const char *allowed)
{
	complain("--%s %s: %s", option, value, allowed);
	return LAUNCH_USAGE;
}

static bool parse_number(const char *text, uint64_t most, uint64_t *number, char **end)
{
	errno = 0;
	*number = strtoull(text, end, 10);
	return errno == 0 && *end != text && text[0] >= '0' && text[0] <= '9' && *number <= most;
}

static int take_memory(struct options *options, const char *value)
{
	uint64_t number, unit = 1;
	char *end;

	if (!parse_number(value, UINT64_MAX, &number, &end))
		return bad("memory", value, "write a number with M or G behind it, for example 2G");
	if (*end == 'G' || *end == 'g')
		unit = 1024 * MIB;
	else if (*end == 'M' || *end == 'm')
		unit = MIB;
	if ((unit != 1 && end[1] != '\0') || (unit == 1 && *end != '\0') || !checked_mul(number, unit, &options->memory) ||
	    options->memory < MEMORY_LEAST || options->memory > MEMORY_MOST || !is_aligned(options->memory, MIB))
		return bad("memory", value, "must be 512M to 4096G, in whole MiB");
	return LAUNCH_OK;
}

static int take_cpus(struct options *options, const char *value)
{
	uint64_t number;
	char *end;

	if (!parse_number(value, CPUS_MOST, &number, &end) || *end != '\0' || number == 0)
		return bad("cpus", value, "must be 1 to 255");
	options->cpus = (unsigned)number;
	return LAUNCH_OK;
}

static int take_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'h': fputs(help, stdout); return -1;
	case MEMORY: return take_memory(options, value);
	case CPUS: return take_cpus(options, value);
	case QEMU: options->qemu = value; return LAUNCH_OK;
	case CPU: options->cpu = value; return LAUNCH_OK;
	case CHECK: options->check_only = true; return LAUNCH_OK;
	case DRY_RUN: options->dry_run = true; return LAUNCH_OK;
	case FORCE: options->force = true; return LAUNCH_OK;
	case ROOT: options->root = value; return LAUNCH_OK;
	default: complain("'--help' lists the options"); return LAUNCH_USAGE;
	}
}

static int take_device(struct options *options, int option, const char *value)
{
	const char *error = device_take(&options->devices, option, value);

	if (error == NULL)
		return LAUNCH_OK;
	complain("%s: %s", value, error);
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

	if (strcmp(options->root, "/") != 0 && !options->check_only && !options->dry_run) {
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
	int option, status;

	*options = (struct options){
		.root = "/", .qemu = "qemu-system-x86_64", .cpu = "EPYC-v4", .memory = 1024 * MIB, .cpus = 1
	};
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		status = device_is_option(option) ? take_device(options, option, optarg) :
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
