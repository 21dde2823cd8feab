/* SPDX-License-Identifier: MIT */
/* The options of run and launch that say what machine a guest gets, and QEMU's arguments made of them. */
#include "tools/devices/devices.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static const struct device_limits limits = {
	.memory_least = 512 * MIB,
	.memory_forced = 32 * MIB,
	.memory_most = 4096 * MIB,
	.cpus_most = 8,
	.network = NETWORK_NONE,
	.disk_bus = DISK_BUS_AHCI,
	.cpu = "model",
};

static struct devices devices;
static struct command command;

static void begin(void)
{
	devices_init(&devices, &limits);
}

static const char *check(void)
{
	const char *about;

	return devices_check(&devices, &about);
}

/* All of QEMU's arguments with a blank behind each. */
static const char *arguments(void)
{
	static char text[16384];
	size_t used = 0;

	command_free(&command);
	devices_add(&devices, &command);
	text[0] = '\0';
	for (size_t i = 0; i < command.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ", command.argument[i]);
	return text;
}

#define HAS(part) CHECK(strstr(arguments(), part) != NULL)
#define TAKES(option, value) CHECK(device_take(&devices, option, value) == NULL)
#define REFUSES(option, value) CHECK(device_take(&devices, option, value) != NULL)

TEST(defaults)
{
	begin();
	CHECK(check() == NULL);
	CHECK_EQ(devices.memory, 1024 * MIB);
	CHECK_EQ(devices.cpus, 1);
	CHECK_TEXT(devices.qemu, "qemu-system-x86_64");
	CHECK_TEXT(devices.cpu, "model");
	CHECK_TEXT(arguments(), "-nic none ");
	CHECK(device_is_option(DEVICE_MEMORY) && device_is_option(DEVICE_FORCE) && !device_is_option(DEVICE_END) &&
	      !device_is_option('h'));
}

TEST(memory)
{
	static const char *const bad[] = { "", "M", "-1M", "+1G", " 1G", "1T", "1GB", "1 G", "99999999999999999999G", "18446744073709551615G" };

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		REFUSES(DEVICE_MEMORY, bad[i]);
	TAKES(DEVICE_MEMORY, "2g");
	CHECK_EQ(devices.memory, 2048 * MIB);
	TAKES(DEVICE_MEMORY, "536870912");
	CHECK(check() == NULL);
	TAKES(DEVICE_MEMORY, "536870913");
	CHECK_TEXT(check(), "must be whole MiB");
	TAKES(DEVICE_MEMORY, "4G");
	CHECK(check() == NULL);
	TAKES(DEVICE_MEMORY, "4097m");
	CHECK_TEXT(check(), "a guest gets at least 512M and at most 4G");
	TAKES(DEVICE_MEMORY, "511M");
	CHECK(check() != NULL);
	TAKES(DEVICE_FORCE, NULL);
	CHECK(check() == NULL);
	TAKES(DEVICE_MEMORY, "31M");
	CHECK(check() != NULL);
}

TEST(processors)
{
	static const char *const bad[] = { "", "0", "9", "-1", "1x", "x", "4294967297" };

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_TEXT(device_take(&devices, DEVICE_CPUS, bad[i]), "must be 1 to 8");
		CHECK_EQ(devices.cpus, 1);
	}
	TAKES(DEVICE_CPUS, "8");
	CHECK_EQ(devices.cpus, 8);
}

TEST(disks)
{
	static char path[] = "/tmp/devices-XXXXXX", long_name[5000];
	char with_format[64], wrong[64];
	int file = mkstemp(path);

	REQUIRE(file >= 0);
	close(file);
	begin();
	snprintf(with_format, sizeof(with_format), "%s,qcow2", path);
	snprintf(wrong, sizeof(wrong), "%s,vmdk", path);
	TAKES(DEVICE_DISK, path);
	TAKES(DEVICE_DISK, with_format);
	CHECK(check() == NULL);
	HAS(",format=raw,if=none,id=disk0 -device ide-hd,drive=disk0,bus=ide.0 ");
	HAS(",format=qcow2,if=none,id=disk1 -device ide-hd,drive=disk1,bus=ide.1 ");
	TAKES(DEVICE_DISK_BUS, "nvme");
	HAS("-device nvme,drive=disk1,serial=disk1 ");
	TAKES(DEVICE_DISK_BUS, "virtio");
	HAS("-device virtio-blk-pci,drive=disk0,disable-legacy=on,iommu_platform=on ");
	TAKES(DEVICE_DISK_BUS, "scsi");
	HAS("-device virtio-scsi-pci,id=scsi0,disable-legacy=on,iommu_platform=on -drive ");
	HAS("-device scsi-hd,drive=disk0 ");
	REFUSES(DEVICE_DISK_BUS, "floppy");
	TAKES(DEVICE_DISK, wrong);
	CHECK(check() != NULL);
	devices.disk_count--;
	TAKES(DEVICE_DISK, ",raw");
	CHECK_TEXT(check(), "is no file name");
	devices.disk_count--;
	memset(long_name, 'x', sizeof(long_name) - 1);
	TAKES(DEVICE_DISK, long_name);
	CHECK_TEXT(check(), "is no file name");
	for (devices.disk_count = 0; devices.disk_count < DISKS_MAX;)
		TAKES(DEVICE_DISK, path);
	REFUSES(DEVICE_DISK, path);
	CHECK(check() == NULL);
	TAKES(DEVICE_DISK_BUS, "ahci");
	CHECK_TEXT(check(), "AHCI has places for 6 disks");
	unlink(path);
	TAKES(DEVICE_DISK_BUS, "nvme");
	CHECK_TEXT(check(), "No such file or directory");
}

TEST(boot_order)
{
	struct device_limits ordered = limits;

	ordered.boot_order = true;
	devices_init(&devices, &ordered);
	TAKES(DEVICE_DISK, "a");
	TAKES(DEVICE_DISK, "b.qcow2");
	HAS("ide-hd,drive=disk0,bus=ide.0,bootindex=0 ");
	HAS("file=b.qcow2,format=qcow2,if=none,id=disk1 -device ide-hd,drive=disk1,bus=ide.1,bootindex=1 ");
}

TEST(network)
{
	static const char *const bad[] = { "", "User", "bridge:", "bridge:a,b", "bridge:a b", "bridge:a=b", "bridge:a/b",
					   "bridge:abcdefghijklmnop" };
	static const char *const bad_ports[] = { "", ":", "1", "1:", ":1", "0:1", "1:0", "65536:1", "1:65536", "1:2:3", "a:1", "-1:1" };

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		REFUSES(DEVICE_NETWORK, bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad_ports); i++)
		REFUSES(DEVICE_FORWARD, bad_ports[i]);
	TAKES(DEVICE_NETWORK, "bridge:br0");
	HAS("-netdev bridge,id=net0,br=br0 -device virtio-net-pci,netdev=net0,disable-legacy=on,iommu_platform=on,romfile= ");
	TAKES(DEVICE_FORWARD, "2222:22");
	CHECK_TEXT(check(), "--forward works with --network user");
	TAKES(DEVICE_NETWORK, "user");
	CHECK(check() == NULL);
	HAS("-netdev user,id=net0,hostfwd=tcp:127.0.0.1:2222-:22 ");
	devices.network = NETWORK_DEFAULT; /* to forward is to want a network */
	CHECK(check() == NULL);
	HAS("-netdev user,id=net0,hostfwd=tcp:127.0.0.1:2222-:22 ");
	for (unsigned i = 1; i < FORWARDS_MAX; i++)
		TAKES(DEVICE_FORWARD, "65535:65535");
	REFUSES(DEVICE_FORWARD, "1:1");
	CHECK(!command.full);
}

TEST(key_broker)
{
	static char long_url[600];
	static const char *const bad[] = { "", "broker", "://x", "kbs:/x", "kbs://", "KBS://x", "kbs://a b", "kbs://a,b", "kbs://a\x7F", "kbs://a\tb" };

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		REFUSES(DEVICE_KEY_BROKER, bad[i]);
	memset(long_url, 'x', sizeof(long_url) - 1);
	memcpy(long_url, "kbs://", 6);
	REFUSES(DEVICE_KEY_BROKER, long_url);
	TAKES(DEVICE_KEY_BROKER, "kbs://broker:1/x");
	HAS("-fw_cfg name=opt/org.cashew/key-broker,string=kbs://broker:1/x ");
}

TEST(files_for_the_firmware)
{
	begin();
	TAKES(DEVICE_APPEND, "quiet");
	CHECK_TEXT(check(), "--initrd and --append go with --kernel");
	TAKES(DEVICE_KERNEL, "/dev/null");
	CHECK(check() == NULL);
	TAKES(DEVICE_INITRD, "/nowhere");
	CHECK_TEXT(check(), "No such file or directory");
	TAKES(DEVICE_INITRD, "/dev/nu,ll");
	CHECK_TEXT(check(), "QEMU takes no file names with a comma");
	TAKES(DEVICE_KERNEL, "a,b");
	CHECK_TEXT(check(), "QEMU takes no file names with a comma");
	TAKES(DEVICE_QEMU, "q");
	TAKES(DEVICE_CPU, "c");
	TAKES(DEVICE_DRY_RUN, NULL);
	CHECK(devices.dry_run);
	CHECK_TEXT(devices.qemu, "q");
	CHECK_TEXT(devices.cpu, "c");
}

TEST(command_that_is_too_long)
{
	static char text[9000];

	command_free(&command);
	command_add_text(&command, "x=", "a,b");
	CHECK_TEXT(command.argument[0], "x=a,,b");
	memset(text, ',', 4500);
	command_add_text(&command, "x=", text);
	CHECK(command.full);
	command_free(&command);
	memset(text, 'x', sizeof(text) - 1);
	command_add(&command, "%s", text);
	CHECK(command.full);
	CHECK_EQ(command.count, 0);
	command_free(&command);
	for (unsigned i = 0; i < ARGUMENTS_MAX; i++)
		command_add(&command, "%u", i);
	CHECK(!command.full);
	CHECK(command.argument[ARGUMENTS_MAX] == NULL);
	command_add(&command, "x");
	CHECK(command.full);
	command_free(&command);
}
