/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/run/run.h"

static const struct device_limits limits = {
	.memory_least = 512 * MIB,
	.memory_forced = 32 * MIB,
	.memory_most = 65536 * MIB,
	.cpus_most = 8,
	.network = NETWORK_NONE,
	.disk_bus = DISK_BUS_AHCI,
	.cpu = "EPYC,+svm,+npt,phys-bits=52",
};

static void print_help(void)
{
	fputs("usage: run --nutshell FILE [OPTION...] IMAGE.igvm\n\n"
	      "Starts the image on Nutshell, the emulated SEV-SNP machine, inside QEMU and connects this terminal to the guest's\n"
	      "serial console. Ctrl-A X quits, Ctrl-A Ctrl-A sends a Ctrl-A. Input that is no terminal is typed once the guest\n"
	      "shows a shell prompt.\n\n"
	      "  --nutshell FILE      Nutshell's image\n",
	      stdout);
	devices_help(&limits);
	fputs("  --force              start even with too little memory\n"
	      "  --script FILE        run the lines of FILE in the guest's shell, print their output, switch off; the exit\n"
	      "                       status is that of the last line\n"
	      "  --timeout SECONDS    give up after this time (exit status 124)\n"
	      "  --firmware-shell     press the keys that take OVMF to its shell\n"
	      "  --reboot             a reset of the guest starts it again, and the script anew (default with a terminal\n"
	      "                       and without --script)\n"
	      "  --no-reboot          a reset of the guest ends the run\n"
	      "  --stats              print the machine's counters at the end\n"
	      "  --trace              write every event of the machine to the log\n"
	      "  --attack FILE        a script of what the host does wrong (docs/hostile-host.md)\n"
	      "  --log FILE           keep Nutshell's log\n"
	      "  --option TEXT        pass an option on to Nutshell, as in --option c-bit=39\n"
	      "  --remove-image       delete the image at the end\n"
	      "  --icount             let time be the number of executed instructions, one a nanosecond\n"
	      "  --thread WHICH       single: processors run in turns, by one thread of QEMU (default); multi: at the same\n"
	      "                       time, which QEMU does not always get right (docs/nutshell.md)\n"
	      "  --tsc                alone (or after --icount): print the rate of the time stamp counter in kHz\n"
	      "  -h, --help           this text\n"
	      "\nExit status: 0 when the guest switched off (or the script's, or the test payload's), 124 timeout, 125 no QEMU,\n"
	      "2 wrong usage, 1 every other end.\n",
	      stdout);
}

enum option_code {
	OPTION_NUTSHELL = 256,
	OPTION_SCRIPT,
	OPTION_TIMEOUT,
	OPTION_STATS,
	OPTION_TRACE,
	OPTION_LOG,
	OPTION_ATTACK,
	OPTION_OPTION,
	OPTION_REMOVE_IMAGE,
	OPTION_ICOUNT,
	OPTION_THREAD,
	OPTION_FIRMWARE_SHELL,
	OPTION_REBOOT,
	OPTION_NO_REBOOT,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "nutshell", required_argument, NULL, OPTION_NUTSHELL },
	{ "script", required_argument, NULL, OPTION_SCRIPT },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "stats", no_argument, NULL, OPTION_STATS },
	{ "trace", no_argument, NULL, OPTION_TRACE },
	{ "log", required_argument, NULL, OPTION_LOG },
	{ "attack", required_argument, NULL, OPTION_ATTACK },
	{ "option", required_argument, NULL, OPTION_OPTION },
	{ "remove-image", no_argument, NULL, OPTION_REMOVE_IMAGE },
	{ "icount", no_argument, NULL, OPTION_ICOUNT },
	{ "thread", required_argument, NULL, OPTION_THREAD },
	{ "firmware-shell", no_argument, NULL, OPTION_FIRMWARE_SHELL },
	{ "reboot", no_argument, NULL, OPTION_REBOOT },
	{ "no-reboot", no_argument, NULL, OPTION_NO_REBOOT },
	DEVICE_OPTIONS,
	{ NULL, 0, NULL, 0 },
};

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

static int take_timeout(struct options *options, const char *value)
{
	if (parse_count(value, 1, 1000000, &options->timeout) == 0)
		return RUN_OK;
	complain("--timeout %s: must be a number of seconds", value);
	return RUN_USAGE;
}

static int take_thread(struct options *options, const char *value)
{
	options->multi_thread = strcmp(value, "multi") == 0;
	if (options->multi_thread || strcmp(value, "single") == 0)
		return RUN_OK;
	complain("--thread %s: must be single or multi", value);
	return RUN_USAGE;
}

static int take_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'h': print_help(); return -1;
	case OPTION_NUTSHELL: options->nutshell = value; return RUN_OK;
	case OPTION_SCRIPT: options->script = value; return RUN_OK;
	case OPTION_STATS: options->stats = true; return RUN_OK;
	case OPTION_TRACE: options->trace = true; return RUN_OK;
	case OPTION_LOG: options->log = value; options->keep_log = true; return RUN_OK;
	case OPTION_ATTACK: options->attack = value; return RUN_OK;
	case OPTION_OPTION: options->machine_options = value; return RUN_OK;
	case OPTION_REBOOT: options->reboot = true; options->no_reboot = false; return RUN_OK;
	case OPTION_NO_REBOOT: options->no_reboot = true; options->reboot = false; return RUN_OK;
	case OPTION_REMOVE_IMAGE: options->remove_image = true; return RUN_OK;
	case OPTION_ICOUNT: options->icount = true; return RUN_OK;
	case OPTION_THREAD: return take_thread(options, value);
	case OPTION_TIMEOUT: return take_timeout(options, value);
	case OPTION_FIRMWARE_SHELL: options->firmware_shell = true; return RUN_OK;
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

static int take_device(struct options *options, const struct option *option, const char *value)
{
	const char *error = device_take(&options->devices, option->val, value);

	if (error == NULL)
		return RUN_OK;
	complain("--%s %s: %s", option->name, value, error);
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

bool options_reboot(const struct options *options)
{
	if (options->reboot || options->no_reboot)
		return options->reboot;
	return options->script == NULL && isatty(STDIN_FILENO) == 1;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int option, status, index = 0;

	*options = (struct options){ .machine_options = "" };
	devices_init(&options->devices, &limits);
	while ((option = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
		status = device_is_option(option) ? take_device(options, &long_options[index], optarg) :
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
	if (status == RUN_OK && options->attack != NULL)
		status = check_file("the attack (--attack)", options->attack);
	if (status == RUN_OK && options->log != NULL && strchr(options->log, ',') != NULL) {
		complain("--log %s: QEMU does not take file names with a comma", options->log);
		status = RUN_USAGE;
	}
	return status == RUN_OK ? check_devices(options) : status;
}
