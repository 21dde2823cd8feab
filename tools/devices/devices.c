/* SPDX-License-Identifier: MIT */
#include "tools/devices/devices.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_SIZE 8192u
#define PATH_SIZE 4096u
#define URL_MAX 512u

bool device_is_option(int option)
{
	return option >= DEVICE_DISK && option <= DEVICE_KEY_BROKER;
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
	unsigned long port;

	errno = 0;
	port = strtoul(text, end, 10);
	return errno == 0 && *end != text && text[0] >= '0' && text[0] <= '9' && port >= 1 && port <= 65535;
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
	case DEVICE_DISK:
		if (devices->disk_count == DISKS_MAX)
			return "that is the ninth; 8 are the most";
		devices->disk[devices->disk_count++] = value;
		return NULL;
	case DEVICE_NETWORK:
		return take_network(devices, value);
	case DEVICE_FORWARD:
		return take_forward(devices, value);
	default:
		return take_key_broker(devices, value);
	}
}

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

const char *devices_check(const struct devices *devices, const char **about)
{
	const char *error;

	*about = "";
	if (devices->forward_count != 0 && devices->network != NETWORK_USER && devices->network != NETWORK_DEFAULT)
		return "--forward works with --network user";
	for (unsigned i = 0; i < devices->disk_count; i++) {
		*about = devices->disk[i];
		error = check_disk(devices->disk[i]);
		if (error != NULL)
			return error;
	}
	return NULL;
}

struct adder {
	void (*add)(void *context, const char *argument);
	void *context;
};

static void add(const struct adder *adder, const char *format, ...) __printf_like(2, 3);
static void add(const struct adder *adder, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments); /* paths and URLs were checked: it fits */
	va_end(arguments);
	adder->add(adder->context, text);
}

static void add_disk(const struct adder *adder, const char *value, unsigned number)
{
	size_t length = strcspn(value, ",");
	const char *format = value[length] == ',' ? value + length + 1 : "raw";

	if (value[length] == '\0' && length > 6 && strcmp(value + length - 6, ".qcow2") == 0)
		format = "qcow2";
	add(adder, "-drive");
	add(adder, "file=%.*s,format=%s,if=none,id=disk%u", (int)length, value, format, number);
	add(adder, "-device");
	add(adder, "scsi-hd,drive=disk%u,bootindex=%u", number, number);
}

static void add_network(const struct adder *adder, const struct devices *devices, enum network network)
{
	char forwards[1024] = "";

	if (network == NETWORK_NONE) {
		add(adder, "-nic");
		add(adder, "none");
		return;
	}
	for (unsigned i = 0; i < devices->forward_count; i++) {
		const char *colon = strchr(devices->forward[i], ':');
		size_t used = strlen(forwards);

		snprintf(forwards + used, sizeof(forwards) - used, ",hostfwd=tcp:127.0.0.1:%.*s-:%s",
			 (int)(colon - devices->forward[i]), devices->forward[i], colon + 1);
	}
	add(adder, "-netdev");
	if (network == NETWORK_BRIDGE)
		add(adder, "bridge,id=net0,br=%s", devices->bridge);
	else
		add(adder, "user,id=net0%s", forwards);
	add(adder, "-device");
	add(adder, "virtio-net-pci,netdev=net0,disable-legacy=on,iommu_platform=on,romfile=");
}

void devices_add(const struct devices *devices, enum network fallback, void (*add_argument)(void *, const char *), void *context)
{
	const struct adder adder = { add_argument, context };
	enum network network = devices->network != NETWORK_DEFAULT ? devices->network : fallback;

	if (devices->network == NETWORK_DEFAULT && devices->forward_count != 0)
		network = NETWORK_USER;
	/* Virtio of a confidential guest goes through the IOMMU's interface: shared buffers. */
	if (devices->disk_count != 0) {
		add(&adder, "-device");
		add(&adder, "virtio-scsi-pci,id=scsi0,disable-legacy=on,iommu_platform=on");
	}
	for (unsigned i = 0; i < devices->disk_count; i++)
		add_disk(&adder, devices->disk[i], i);
	add_network(&adder, devices, network);
	if (devices->key_broker != NULL) {
		add(&adder, "-fw_cfg");
		add(&adder, "name=opt/org.cashew/key-broker,string=%s", devices->key_broker);
	}
}
