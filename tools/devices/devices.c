/* SPDX-License-Identifier: MIT */
#include "tools/devices/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096u
#define URL_MAX 512u
#define AHCI_PLACES 6u

static const struct {
	const char *name;
	enum disk_bus bus;
} buses[] = { { "ahci", DISK_BUS_AHCI }, { "nvme", DISK_BUS_NVME }, { "virtio", DISK_BUS_VIRTIO }, { "scsi", DISK_BUS_SCSI } };

void devices_init(struct devices *devices, const struct device_limits *limits)
{
	*devices = (struct devices){ .limits = limits, .memory = 1024 * MIB, .cpus = 1, .disk_bus = limits->disk_bus,
				     .qemu = "qemu-system-x86_64", .cpu = limits->cpu };
}

static const char *bus_name(enum disk_bus bus)
{
	unsigned i = 0;

	while (i + 1 < ARRAY_SIZE(buses) && buses[i].bus != bus)
		i++;
	return buses[i].name;
}

void devices_help(const struct device_limits *limits)
{
	printf("  --memory SIZE        RAM of the guest, with suffix M or G (default 1G, at least 512M)\n"
	       "  --cpus N             virtual processors, 1 to %u (default 1)\n"
	       "  --disk FILE[,raw|qcow2]  a disk; up to 8 (format: qcow2 when the name ends so, else raw)\n"
	       "  --disk-bus BUS       where disks are: ahci, nvme, virtio or scsi, that is virtio-scsi (default %s)\n",
	       limits->cpus_most, bus_name(limits->disk_bus));
	printf("  --network user|none|bridge:NAME\n"
	       "                       user: QEMU's own network; bridge: a bridge of the host's (default %s)\n"
	       "  --forward HOST:GUEST TCP port of this machine that leads into the guest; with --network user; up to 8\n"
	       "  --key-broker URL     told to the guest as fw_cfg file opt/org.cashew/key-broker; a hint, not measured\n",
	       limits->network == NETWORK_USER ? "user" : "none");
	printf("  --kernel FILE        kernel that the guest's firmware finds in fw_cfg; it is not measured\n"
	       "  --initrd FILE        its initial RAM disk\n"
	       "  --append TEXT        its command line\n"
	       "  --qemu FILE          QEMU to use (default qemu-system-x86_64)\n"
	       "  --cpu MODEL          QEMU's processor model (default %s)\n"
	       "  --dry-run            print QEMU's command line instead of running it\n",
	       limits->cpu);
}

bool device_is_option(int option)
{
	return option >= DEVICE_MEMORY && option < DEVICE_END;
}

/* ---- single options ---- */

static bool parse_digits(const char *text, uint64_t *number, char **end)
{
	errno = 0;
	*number = strtoull(text, end, 10);
	return errno == 0 && *end != text && text[0] >= '0' && text[0] <= '9';
}

/* "512M", "2G" or plain bytes; the range is devices_check()'s business. */
static const char *take_memory(struct devices *devices, const char *value)
{
	static const char wrong[] = "write a number with M or G behind it, for example 2G";
	uint64_t number, unit = 1;
	char *end;

	if (!parse_digits(value, &number, &end))
		return wrong;
	if (*end == 'G' || *end == 'g')
		unit = 1024 * MIB;
	else if (*end == 'M' || *end == 'm')
		unit = MIB;
	else if (*end != '\0')
		return wrong;
	if ((unit != 1 && end[1] != '\0') || !checked_mul(number, unit, &devices->memory))
		return wrong;
	return NULL;
}

static const char *take_cpus(struct devices *devices, const char *value)
{
	static char wrong[40];
	uint64_t number;
	char *end;

	snprintf(wrong, sizeof(wrong), "must be 1 to %u", devices->limits->cpus_most);
	if (!parse_digits(value, &number, &end) || *end != '\0' || number == 0 || number > devices->limits->cpus_most)
		return wrong;
	devices->cpus = (unsigned)number;
	return NULL;
}

static const char *take_disk(struct devices *devices, const char *value)
{
	if (devices->disk_count == DISKS_MAX)
		return "that is the ninth; 8 are the most";
	devices->disk[devices->disk_count++] = value;
	return NULL;
}

static const char *take_disk_bus(struct devices *devices, const char *value)
{
	for (unsigned i = 0; i < ARRAY_SIZE(buses); i++) {
		if (strcmp(value, buses[i].name) == 0) {
			devices->disk_bus = buses[i].bus;
			return NULL;
		}
	}
	return "must be ahci, nvme, virtio or scsi";
}

/* Name of a network interface of the host. */
static const char *take_network(struct devices *devices, const char *value)
{
	if (strcmp(value, "user") == 0) {
		devices->network = NETWORK_USER;
	} else if (strcmp(value, "none") == 0) {
		devices->network = NETWORK_NONE;
	} else if (strncmp(value, "bridge:", 7) == 0 && value[7] != '\0' && strlen(value + 7) < 16 &&
		   strpbrk(value + 7, ",= /") == NULL) {
		devices->network = NETWORK_BRIDGE;
		devices->bridge = value + 7;
	} else {
		return "must be user, none or bridge:NAME";
	}
	return NULL;
}

static bool parse_port(const char *text, char **end)
{
	uint64_t port;

	return parse_digits(text, &port, end) && port >= 1 && port <= 65535;
}

static const char *take_forward(struct devices *devices, const char *value)
{
	char *end;

	if (!parse_port(value, &end) || *end != ':' || !parse_port(end + 1, &end) || *end != '\0')
		return "must be HOSTPORT:GUESTPORT, for example 2222:22";
	if (devices->forward_count == FORWARDS_MAX)
		return "that is the ninth; 8 are the most";
	devices->forward[devices->forward_count++] = value;
	return NULL;
}

static const char *take_key_broker(struct devices *devices, const char *value)
{
	size_t length = strlen(value), scheme = strspn(value, "abcdefghijklmnopqrstuvwxyz");

	if (scheme == 0 || strncmp(value + scheme, "://", 3) != 0 || value[scheme + 3] == '\0' || length > URL_MAX)
		return "must be a URL: scheme, ://, host";
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)value[i] <= 0x20 || value[i] == 0x7F || value[i] == ',')
			return "a URL has no blanks and no commas";
	}
	devices->key_broker = value;
	return NULL;
}

const char *device_take(struct devices *devices, int option, const char *value)
{
	switch (option) {
	case DEVICE_MEMORY: return take_memory(devices, value);
	case DEVICE_CPUS: return take_cpus(devices, value);
	case DEVICE_DISK: return take_disk(devices, value);
	case DEVICE_DISK_BUS: return take_disk_bus(devices, value);
	case DEVICE_NETWORK: return take_network(devices, value);
	case DEVICE_FORWARD: return take_forward(devices, value);
	case DEVICE_KEY_BROKER: return take_key_broker(devices, value);
	case DEVICE_KERNEL: devices->kernel = value; return NULL;
	case DEVICE_INITRD: devices->initrd = value; return NULL;
	case DEVICE_APPEND: devices->command_line = value; return NULL;
	case DEVICE_QEMU: devices->qemu = value; return NULL;
	case DEVICE_CPU: devices->cpu = value; return NULL;
	case DEVICE_DRY_RUN: devices->dry_run = true; return NULL;
	default: devices->force = true; return NULL;
	}
}

/* ---- all of them ---- */

/* FILE or FILE,raw or FILE,qcow2; nothing else may have a comma. */
static const char *check_disk(const char *value)
{
	size_t length = strcspn(value, ",");
	char path[PATH_SIZE];

	if (value[length] != '\0' && strcmp(value + length, ",raw") != 0 && strcmp(value + length, ",qcow2") != 0)
		return "behind the comma stands raw or qcow2; QEMU takes no file names with a comma";
	if (length == 0 || length >= sizeof(path))
		return "is no file name";
	memcpy(path, value, length);
	path[length] = '\0';
	return access(path, R_OK | W_OK) == 0 ? NULL : strerror(errno);
}

static const char *check_file(const char *path)
{
	if (strchr(path, ',') != NULL)
		return "QEMU takes no file names with a comma";
	return access(path, R_OK) == 0 ? NULL : strerror(errno);
}

static const char *check_memory(const struct devices *devices)
{
	const struct device_limits *limits = devices->limits;
	static char wrong[80];

	if (!is_aligned(devices->memory, MIB))
		return "must be whole MiB";
	if (devices->memory >= (devices->force ? limits->memory_forced : limits->memory_least) &&
	    devices->memory <= limits->memory_most)
		return NULL;
	snprintf(wrong, sizeof(wrong), "a guest gets at least 512M and at most %lluG",
		 (unsigned long long)(limits->memory_most / (1024 * MIB)));
	return wrong;
}

static const char *check_disks(const struct devices *devices, const char **about)
{
	if (devices->disk_bus == DISK_BUS_AHCI && devices->disk_count > AHCI_PLACES)
		return "AHCI has places for 6 disks";
	for (unsigned i = 0; i < devices->disk_count; i++) {
		const char *error = check_disk(devices->disk[i]);

		*about = devices->disk[i];
		if (error != NULL)
			return error;
	}
	return NULL;
}

static const char *check_kernel(const struct devices *devices, const char **about)
{
	const char *error = NULL;

	if (devices->kernel == NULL)
		return devices->initrd != NULL || devices->command_line != NULL ? "--initrd and --append go with --kernel" : NULL;
	*about = devices->kernel;
	error = check_file(devices->kernel);
	if (error == NULL && devices->initrd != NULL) {
		*about = devices->initrd;
		error = check_file(devices->initrd);
	}
	return error;
}

const char *devices_check(const struct devices *devices, const char **about)
{
	const char *error;

	*about = "--memory";
	error = check_memory(devices);
	if (error != NULL)
		return error;
	*about = "";
	if (devices->forward_count != 0 && devices->network != NETWORK_USER && devices->network != NETWORK_DEFAULT)
		return "--forward works with --network user";
	error = check_disks(devices, about);
	return error != NULL ? error : check_kernel(devices, about);
}

/* ---- QEMU's arguments ---- */

static void add_disk(struct command *command, const struct devices *devices, unsigned number)
{
	const char *value = devices->disk[number];
	size_t length = strcspn(value, ",");
	const char *format = value[length] == ',' ? value + length + 1 : "raw";
	char order[32] = "";

	if (value[length] == '\0' && length > 6 && strcmp(value + length - 6, ".qcow2") == 0)
		format = "qcow2";
	if (devices->limits->boot_order)
		snprintf(order, sizeof(order), ",bootindex=%u", number);
	command_add(command, "-drive");
	command_add(command, "file=%.*s,format=%s,if=none,id=disk%u", (int)length, value, format, number);
	command_add(command, "-device");
	switch (devices->disk_bus) {
	case DISK_BUS_AHCI:
		command_add(command, "ide-hd,drive=disk%u,bus=ide.%u%s", number, number, order);
		break;
	case DISK_BUS_NVME:
		command_add(command, "nvme,drive=disk%u,serial=disk%u%s", number, number, order);
		break;
	case DISK_BUS_VIRTIO: /* of a confidential guest: through the IOMMU's interface, in shared buffers */
		command_add(command, "virtio-blk-pci,drive=disk%u,disable-legacy=on,iommu_platform=on%s", number, order);
		break;
	default:
		command_add(command, "scsi-hd,drive=disk%u%s", number, order);
		break;
	}
}

static void add_network(struct command *command, const struct devices *devices, enum network network)
{
	char forwards[1024] = "";

	if (network == NETWORK_NONE) {
		command_add(command, "-nic");
		command_add(command, "none");
		return;
	}
	for (unsigned i = 0; i < devices->forward_count; i++) {
		const char *colon = strchr(devices->forward[i], ':');
		size_t used = strlen(forwards);

		snprintf(forwards + used, sizeof(forwards) - used, ",hostfwd=tcp:127.0.0.1:%.*s-:%s",
			 (int)(colon - devices->forward[i]), devices->forward[i], colon + 1);
	}
	command_add(command, "-netdev");
	if (network == NETWORK_BRIDGE)
		command_add(command, "bridge,id=net0,br=%s", devices->bridge);
	else
		command_add(command, "user,id=net0%s", forwards);
	command_add(command, "-device");
	command_add(command, "virtio-net-pci,netdev=net0,disable-legacy=on,iommu_platform=on,romfile=");
}

void devices_add(const struct devices *devices, struct command *command)
{
	enum network network = devices->network != NETWORK_DEFAULT ? devices->network : devices->limits->network;

	if (devices->network == NETWORK_DEFAULT && devices->forward_count != 0)
		network = NETWORK_USER;
	if (devices->disk_count != 0 && devices->disk_bus == DISK_BUS_SCSI) {
		command_add(command, "-device");
		command_add(command, "virtio-scsi-pci,id=scsi0,disable-legacy=on,iommu_platform=on");
	}
	for (unsigned i = 0; i < devices->disk_count; i++)
		add_disk(command, devices, i);
	add_network(command, devices, network);
	if (devices->key_broker != NULL) {
		command_add(command, "-fw_cfg");
		command_add(command, "name=opt/org.cashew/key-broker,string=%s", devices->key_broker);
	}
}
