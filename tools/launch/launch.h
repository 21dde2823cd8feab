/* SPDX-License-Identifier: MIT */
/*
 * launch.h - launch: starts an IGVM image as an SEV-SNP guest on this host's QEMU and KVM, after it has looked whether
 * the host can. Nothing is changed on the host.
 *
 *	options.c  what the user asked for
 *	host.c     what the host has: processor, kernel, KVM
 *	qemu.c     what its QEMU has
 *	command.c  QEMU's command line
 *	main.c     checks, says what is missing in words, starts QEMU
 *
 * Everything about the host is read below a root folder, "/" unless tests say otherwise; QEMU is a program that is asked.
 */
#ifndef TOOLS_LAUNCH_LAUNCH_H
#define TOOLS_LAUNCH_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/types.h"
#include "tools/devices/devices.h"

#define LAUNCH_OK 0
#define LAUNCH_FAILED 1
#define LAUNCH_USAGE 2
#define LAUNCH_UNFIT 3 /* the host or its QEMU cannot do it; said which, and what to do */

struct options {
	const char *root, *image;
	struct devices devices; /* the guest's machine */
	bool check_only;
};

/* LAUNCH_OK, LAUNCH_USAGE, or -1: help was printed. */
int options_parse(struct options *options, int argc, char **argv) __must_check;

/* ---- checks ---- */

enum verdict { VERDICT_GOOD, VERDICT_MISSING, VERDICT_UNKNOWN };

struct check {
	enum verdict verdict;
	const char *what;   /* "processor with SEV-SNP" */
	char found[200];    /* what was seen */
	const char *remedy; /* what to do when it is missing; NULL when good */
};
#define CHECKS_MAX 16u
struct checks {
	struct check list[CHECKS_MAX];
	size_t count;
};

void check_add(struct checks *checks, enum verdict verdict, const char *what, const char *remedy, const char *found, ...)
	__printf_like(5, 6);

/* What the host's processor, kernel and KVM offer. */
void host_check(const char *root, struct checks *checks);

struct qemu {
	bool found;
	unsigned major, minor;
	bool igvm, snp, planes; /* IGVM loader, SNP guests, several privilege levels */
	unsigned c_bit, reduced_bits;
};
/* Asks QEMU what it knows, and adds checks. */
void qemu_check(const char *path, struct qemu *qemu, struct checks *checks);
/* "10.1...": the two numbers; false when the text does not begin so. */
bool version_read(const char *text, unsigned *major, unsigned *minor);
/* Position of the C-bit and the bits that addresses lose, from the processor; false when this is no SEV machine. */
bool host_encryption_bits(const char *root, unsigned *c_bit, unsigned *reduced_bits);

/* ---- QEMU's command line ---- */

void command_build(struct command *command, const struct options *options, const struct qemu *qemu);

/* "launch: " and the message on standard error. */
void complain(const char *format, ...) __printf_like(1, 2);

#endif
