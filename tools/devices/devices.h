/* SPDX-License-Identifier: MIT */
/*
 * devices.h - the machine that a guest gets: memory, processors, disks, network, key broker, kernel for its firmware, and
 * the QEMU that plays it. One parser for run (Nutshell) and for launch (a real host), which differ in limits and defaults.
 * QEMU's option syntax has commas between its parts, so that names with a comma are refused.
 */
#ifndef TOOLS_DEVICES_DEVICES_H
#define TOOLS_DEVICES_DEVICES_H

#include <getopt.h>

#include "lib/types.h"
#include "tools/devices/command.h"

#define DISKS_MAX 8u
#define FORWARDS_MAX 8u
#define MIB 0x100000ull

enum network { NETWORK_DEFAULT, NETWORK_USER, NETWORK_NONE, NETWORK_BRIDGE };
enum disk_bus { DISK_BUS_DEFAULT, DISK_BUS_AHCI, DISK_BUS_NVME, DISK_BUS_VIRTIO, DISK_BUS_SCSI };

/* What a program's machine can do, and what it is unless the user says otherwise. */
struct device_limits {
	uint64_t memory_least, memory_forced; /* bytes; the second is the least with --force */
	uint64_t memory_most;
	unsigned cpus_most;
	enum network network;
	enum disk_bus disk_bus;
	bool boot_order; /* QEMU's firmware is the guest's, and goes by the order of the disks */
	const char *cpu; /* QEMU's processor model */
};

struct devices {
	const struct device_limits *limits;
	uint64_t memory; /* bytes */
	unsigned cpus;
	const char *disk[DISKS_MAX]; /* FILE or FILE,FORMAT */
	unsigned disk_count;
	enum disk_bus disk_bus;
	enum network network;
	const char *bridge;
	const char *forward[FORWARDS_MAX]; /* HOST:GUEST, TCP */
	unsigned forward_count;
	const char *key_broker;
	const char *kernel, *initrd, *command_line; /* for the guest's firmware; NULL: none */
	const char *qemu, *cpu;
	bool dry_run, force;
};

/* For the table of getopt_long(). */
enum device_option {
	DEVICE_MEMORY = 512,
	DEVICE_CPUS,
	DEVICE_DISK,
	DEVICE_DISK_BUS,
	DEVICE_NETWORK,
	DEVICE_FORWARD,
	DEVICE_KEY_BROKER,
	DEVICE_KERNEL,
	DEVICE_INITRD,
	DEVICE_APPEND,
	DEVICE_QEMU,
	DEVICE_CPU,
	DEVICE_DRY_RUN,
	DEVICE_FORCE,
	DEVICE_END
};
#define DEVICE_OPTIONS \
	{ "memory", required_argument, NULL, DEVICE_MEMORY }, { "cpus", required_argument, NULL, DEVICE_CPUS }, \
		{ "disk", required_argument, NULL, DEVICE_DISK }, { "disk-bus", required_argument, NULL, DEVICE_DISK_BUS }, \
		{ "network", required_argument, NULL, DEVICE_NETWORK }, \
		{ "forward", required_argument, NULL, DEVICE_FORWARD }, \
		{ "key-broker", required_argument, NULL, DEVICE_KEY_BROKER }, \
		{ "kernel", required_argument, NULL, DEVICE_KERNEL }, { "initrd", required_argument, NULL, DEVICE_INITRD }, \
		{ "append", required_argument, NULL, DEVICE_APPEND }, { "qemu", required_argument, NULL, DEVICE_QEMU }, \
		{ "cpu", required_argument, NULL, DEVICE_CPU }, { "dry-run", no_argument, NULL, DEVICE_DRY_RUN }, \
		{ "force", no_argument, NULL, DEVICE_FORCE }

void devices_init(struct devices *devices, const struct device_limits *limits);
/* The part of a help text that explains these options. */
void devices_help(const struct device_limits *limits);

bool device_is_option(int option);
/* NULL, or what is wrong with the value. */
__must_check const char *device_take(struct devices *devices, int option, const char *value);
/* What single options do not show, files that cannot be read among it. NULL, or what is wrong; *about: the value. */
__must_check const char *devices_check(const struct devices *devices, const char **about);

/* QEMU's arguments for disks, network and key broker; the rest is each program's own. */
void devices_add(const struct devices *devices, struct command *command);

#endif
