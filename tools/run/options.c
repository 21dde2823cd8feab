/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/run/run.h"

#define MEMORY_LEAST (512 * MIB)
#define MEMORY_MOST (64 * 1024 * MIB)
#define CPUS_MOST 8u

static const char help[] =
	"usage: run --nutshell FILE [OPTION...] IMAGE.igvm\n\n"
	"Starts the image on Nutshell, the emulated SEV-SNP machine, inside QEMU and connects this terminal to the guest's\n"
	"serial console. Ctrl-A X quits, Ctrl-A Ctrl-A sends a Ctrl-A. Input that is no terminal is typed once the guest\n"
	"shows a shell prompt.\n\n"
	"  --nutshell FILE   Nutshell's image\n"
	"  --memory SIZE     RAM of the guest, with suffix M or G (default 1G, at least 512M)\n"
	"  --cpus N          virtual processors, 1 to 8 (default 1)\n"
	DEVICES_HELP
	"  --script FILE     run the lines of FILE in the guest's shell, print their output, switch off; the exit status is\n"
	"                    that of the last line\n"
	"  --timeout SECONDS give up after this time (exit status 124)\n"
	"  --kernel FILE     kernel that the guest's firmware finds in fw_cfg; also --initrd FILE and --append TEXT\n"
	"  --disk FILE       a disk of the guest, raw\n"
	"  --disk-bus BUS    ahci (default), nvme or virtio\n"
	"  --firmware-shell  press the keys that take OVMF to its shell\n"
	"  --reboot          a reset of the guest starts it again, and the script anew (default with a terminal and without\n"
	"                    --script)\n"
	"  --no-reboot       a reset of the guest ends the run\n"
	"  --stats           print the machine's counters at the end\n"
	"  --trace           write every event of the machine to the log\n"
	"  --attack FILE     a script of what the host does wrong (docs/hostile-host.md)\n"
	"  --log FILE        keep Nutshell's log\n"
	"  --option TEXT     pass an option on to Nutshell, as in --option c-bit=39\n"
	"  --qemu FILE       QEMU to use (default qemu-system-x86_64)\n"
	"  --cpu MODEL       QEMU's processor model (default EPYC,+svm,+npt,phys-bits=52)\n"
	"  --force           start even with too little memory\n"
	"  --remove-image    delete the image at the end\n"
	"  --icount          let time be the number of executed instructions, one a nanosecond\n"
	"  --thread WHICH    multi: processors run at the same time (default); single: in turns, by one thread of QEMU\n"
	"  --tsc             alone (or after --icount): print the rate of the time stamp counter in kHz\n"
	"\nExit status: 0 when the guest switched off (or the script's, or the test payload's), 124 timeout, 125 no QEMU,\n"
	"2 wrong usage, 1 every other end.\n";

enum option_code {
	OPTION_NUTSHELL = 256,
	OPTION_MEMORY,
	OPTION_CPUS,
	OPTION_SCRIPT,
	OPTION_TIMEOUT,
	OPTION_STATS,
	OPTION_TRACE,
	OPTION_LOG,
	OPTION_ATTACK,
	OPTION_OPTION,
	OPTION_QEMU,
	OPTION_CPU,
	OPTION_FORCE,
	OPTION_REMOVE_IMAGE,
	OPTION_ICOUNT,
	OPTION_THREAD,
	OPTION_KERNEL,
	OPTION_INITRD,
	OPTION_APPEND,
	OPTION_DISK,
	OPTION_DISK_BUS,
	OPTION_FIRMWARE_SHELL,
	OPTION_REBOOT,
	OPTION_NO_REBOOT,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "nutshell", required_argument, NULL, OPTION_NUTSHELL },
	{ "memory", required_argument, NULL, OPTION_MEMORY },
	{ "cpus", required_argument, NULL, OPTION_CPUS },
	{ "script", required_argument, NULL, OPTION_SCRIPT },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "stats", no_argument, NULL, OPTION_STATS },
	{ "trace", no_argument, NULL, OPTION_TRACE },
	{ "log", required_argument, NULL, OPTION_LOG },
	{ "attack", required_argument, NULL, OPTION_ATTACK },
	{ "option", required_argument, NULL, OPTION_OPTION },
	{ "qemu", required_argument, NULL, OPTION_QEMU },
	{ "cpu", required_argument, NULL, OPTION_CPU },
	{ "force", no_argument, NULL, OPTION_FORCE },
	{ "remove-image", no_argument, NULL, OPTION_REMOVE_IMAGE },
	{ "icount", no_argument, NULL, OPTION_ICOUNT },
	{ "thread", required_argument, NULL, OPTION_THREAD },
	{ "kernel", required_argument, NULL, OPTION_KERNEL },
	{ "initrd", required_argument, NULL, OPTION_INITRD },
	{ "append", required_argument, NULL, OPTION_APPEND },
	{ "disk", required_argument, NULL, OPTION_DISK },
	{ "disk-bus", required_argument, NULL, OPTION_DISK_BUS },
	{ "firmware-shell", no_argument, NULL, OPTION_FIRMWARE_SHELL },
	{ "reboot", no_argument, NULL, OPTION_REBOOT },
	{ "no-reboot", no_argument, NULL, OPTION_NO_REBOOT },
	DEVICE_OPTIONS,
	{ NULL, 0, NULL, 0 },
};

/* "512M", "2G" or plain bytes. */
static int parse_size(const char *text, uint64_t *size)
{
	char *end;
	uint64_t number, unit;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || end == text || text[0] == '-')
		return ERR_INVALID;
	switch (*end) {
	case 'G': case 'g': unit = 1024 * MIB; break;
	case 'M': case 'm': unit = MIB; break;
	case 'K': case 'k': unit = 1024; break;
	case '\0': *size = number; return 0;
	default: return ERR_INVALID;
	}
	if (end[1] != '\0' || !checked_mul(number, unit, size))
		return ERR_INVALID;
	return 0;
}

static int parse_count(const char *text, unsigned least, unsigned most, unsigned *count)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number < least || number > most)
		return ERR_INVALID;
	*count = (unsigned)number;
	return 0;
}

static int take_number(struct options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_MEMORY:
		if (parse_size(value, &options->memory) == 0)
			return RUN_OK;
		complain("--memory %s: write a number with M or G behind it, for example 1G", value);
		return RUN_USAGE;
	case OPTION_CPUS:
		if (parse_count(value, 1, CPUS_MOST, &options->cpus) == 0)
			return RUN_OK;
		complain("--cpus %s: must be 1 to %u", value, CPUS_MOST);
		return RUN_USAGE;
	default:
		if (parse_count(value, 1, 1000000, &options->timeout) == 0)
			return RUN_OK;
		complain("--timeout %s: must be a number of seconds", value);
		return RUN_USAGE;
	}
}

static int take_thread(struct options *options, const char *value)
{
	options->single_thread = strcmp(value, "single") == 0;
	if (options->single_thread || strcmp(value, "multi") == 0)
		return RUN_OK;
	complain("--thread %s: must be single or multi", value);
	return RUN_USAGE;
}

static int take_guest_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_KERNEL: options->kernel = value; return RUN_OK;
	case OPTION_INITRD: options->initrd = value; return RUN_OK;
	case OPTION_APPEND: options->command_line = value; return RUN_OK;
	case OPTION_DISK: options->disk = value; return RUN_OK;
	case OPTION_FIRMWARE_SHELL: options->firmware_shell = true; return RUN_OK;
	default: break;
	}
	options->disk_bus = value;
	if (strcmp(value, "ahci") == 0 || strcmp(value, "nvme") == 0 || strcmp(value, "virtio") == 0)
		return RUN_OK;
	complain("--disk-bus %s: must be ahci, nvme or virtio", value);
	return RUN_USAGE;
}

static int take_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'h': fputs(help, stdout); return -1;
	case OPTION_NUTSHELL: options->nutshell = value; return RUN_OK;
	case OPTION_SCRIPT: options->script = value; return RUN_OK;
	case OPTION_STATS: options->stats = true; return RUN_OK;
	case OPTION_TRACE: options->trace = true; return RUN_OK;
	case OPTION_LOG: options->log = value; options->keep_log = true; return RUN_OK;
	case OPTION_ATTACK: options->attack = value; return RUN_OK;
	case OPTION_OPTION: options->machine_options = value; return RUN_OK;
	case OPTION_QEMU: options->qemu = value; return RUN_OK;
	case OPTION_CPU: options->cpu = value; return RUN_OK;
	case OPTION_REBOOT: options->reboot = true; options->no_reboot = false; return RUN_OK;
	case OPTION_NO_REBOOT: options->no_reboot = true; options->reboot = false; return RUN_OK;
	case OPTION_FORCE: options->force = true; return RUN_OK;
	case OPTION_REMOVE_IMAGE: options->remove_image = true; return RUN_OK;
	case OPTION_ICOUNT: options->icount = true; return RUN_OK;
	case OPTION_THREAD: return take_thread(options, value);
	case OPTION_MEMORY:
	case OPTION_CPUS:
	case OPTION_TIMEOUT: return take_number(options, option, value);
	case OPTION_KERNEL:
	case OPTION_INITRD:
	case OPTION_APPEND:
	case OPTION_DISK:
	case OPTION_DISK_BUS:
	case OPTION_FIRMWARE_SHELL: return take_guest_option(options, option, value);
	default: complain("'--help' lists the options"); return RUN_USAGE;
	}
}

static int check_file(const char *what, const char *path)
{
	if (path == NULL) {
		complain("%s is missing; '--help' explains", what);
		return RUN_USAGE;
	}
	if (access(path, R_OK) != 0) {
		complain("cannot read %s %s: %s", what, path, strerror(errno));
		return RUN_USAGE;
	}
	if (strchr(path, ',') != NULL) {
		complain("%s %s: QEMU does not take file names with a comma", what, path);
		return RUN_USAGE;
	}
	return RUN_OK;
}

/* What the user may leave out; a command line without a kernel would be lost without a word. */
static int check_guest_files(const struct options *options)
{
	const struct {
		const char *what, *path;
	} files[] = { { "the kernel", options->kernel }, { "the initrd", options->initrd }, { "the disk", options->disk },
		    { "the attack", options->attack } };

	if (options->kernel == NULL && (options->initrd != NULL || options->command_line != NULL)) {
		complain("--initrd and --append go with --kernel");
		return RUN_USAGE;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		if (files[i].path != NULL && check_file(files[i].what, files[i].path) != RUN_OK)
			return RUN_USAGE;
	}
	return RUN_OK;
}

static int take_device(struct options *options, int option, const char *value)
{
	const char *error = device_take(&options->devices, option, value);

	if (error == NULL)
		return RUN_OK;
	complain("%s: %s", value, error);
	return RUN_USAGE;
}

static int check_devices(const struct options *options)
{
	const char *about, *error = devices_check(&options->devices, &about);

	if (error == NULL)
		return RUN_OK;
	complain("%s%s%s", about, about[0] != '\0' ? ": " : "", error);
	return RUN_USAGE;
}

static int check_memory(const struct options *options)
{
	if (options->memory > MEMORY_MOST || options->memory < 32 * MIB) {
		complain("--memory: must be 512M to 64G");
		return RUN_USAGE;
	}
	if (options->memory < MEMORY_LEAST && !options->force) {
		complain("--memory: a guest needs at least 512M; use --memory 512M or more");
		return RUN_USAGE;
	}
	return RUN_OK;
}

bool options_reboot(const struct options *options)
{
	if (options->reboot || options->no_reboot)
		return options->reboot;
	return options->script == NULL && isatty(STDIN_FILENO) == 1;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int option, status;

	*options = (struct options){
		.qemu = "qemu-system-x86_64",
		.cpu = "EPYC,+svm,+npt,phys-bits=52",
		.memory = 1024 * MIB,
		.cpus = 1,
		.machine_options = "",
		.disk_bus = "ahci",
	};
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		status = device_is_option(option) ? take_device(options, option, optarg) :
						    take_option(options, option, optarg);
		if (status != RUN_OK)
			return status;
	}
	if (optind + 1 != argc) {
		complain("give exactly one IGVM image; '--help' explains");
		return RUN_USAGE;
	}
	options->image = argv[optind];
	status = check_file("the image of Nutshell (--nutshell)", options->nutshell);
	if (status == RUN_OK)
		status = check_file("the IGVM image", options->image);
	if (status == RUN_OK)
		status = check_guest_files(options);
	if (status == RUN_OK)
		status = check_devices(options);
	return status == RUN_OK ? check_memory(options) : status;
}
