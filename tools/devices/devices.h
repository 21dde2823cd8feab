/* SPDX-License-Identifier: MIT */
/*
 * devices.h - the options that give a guest its disks (launch alone), its network and its key broker: the same for run
 * (Nutshell) and for launch (a real host). QEMU's option syntax has commas between its parts, so that names with a comma are refused.
 */
#ifndef TOOLS_DEVICES_DEVICES_H
#define TOOLS_DEVICES_DEVICES_H

#include <getopt.h>

#include "lib/types.h"

#define DISKS_MAX 8u
#define FORWARDS_MAX 8u

enum network { NETWORK_DEFAULT, NETWORK_USER, NETWORK_NONE, NETWORK_BRIDGE };

struct devices {
	const char *disk[DISKS_MAX];
	unsigned disk_count;
	enum network network;
	const char *bridge;
	const char *forward[FORWARDS_MAX]; /* HOST:GUEST, TCP */
	unsigned forward_count;
	const char *key_broker;
};

/* For the table of getopt_long() and for the help text. */
enum device_option { DEVICE_DISK = 512, DEVICE_NETWORK, DEVICE_FORWARD, DEVICE_KEY_BROKER };
#define DEVICE_DISK_OPTION { "disk", required_argument, NULL, DEVICE_DISK }
#define DEVICE_DISK_HELP "  --disk FILE[,raw|qcow2]  a disk; up to 8 (format: qcow2 when the name ends so, else raw)\n"
#define DEVICE_OPTIONS \
	{ "network", required_argument, NULL, DEVICE_NETWORK }, \
		{ "forward", required_argument, NULL, DEVICE_FORWARD }, \
		{ "key-broker", required_argument, NULL, DEVICE_KEY_BROKER }
#define DEVICES_HELP \
	"  --network user|none|bridge:NAME\n" \
	"                       user: QEMU's own network; bridge: a bridge of the host's\n" \
	"  --forward HOST:GUEST TCP port of this machine that leads into the guest; with --network user; up to 8\n" \
	"  --key-broker URL     told to the guest as fw_cfg file opt/org.cashew/key-broker; a hint, not measured\n"

bool device_is_option(int option);
/* NULL, or what is wrong with the value. */
__must_check const char *device_take(struct devices *devices, int option, const char *value);
/* What single options do not show, disks that cannot be read among it. NULL, or what is wrong; *about: the value. */
__must_check const char *devices_check(const struct devices *devices, const char **about);

/* Hands out QEMU's arguments, one at a time. NETWORK_DEFAULT is fallback. */
void devices_add(const struct devices *devices, enum network fallback, void (*add)(void *context, const char *argument),
		 void *context);

#endif
