/* SPDX-License-Identifier: MIT */
/*
 * The image builder as a user calls it: files in, image out; then the image is read back and compared with what
 * abi/launch.h promises to the monitor.
 */
#include <dirent.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/launch.h"
#include "abi/policy.h"
#include "abi/snp.h"
#include "lib/igvm.h"
#include "lib/policy.h"
#include "tests/mock/region.h"
#include "tests/unit/ovmf_file.h"
#include "tests/unit/programs.h"
#include "tests/unit/unit.h"
#include "tools/igvm/acpi.h"
#include "tools/igvm/commands.h"
#include "tools/igvm/layout.h"

#define READ ELF_FLAG_READ
#define WRITE ELF_FLAG_WRITE
#define EXECUTE ELF_FLAG_EXECUTE
#define IMAGE_VA (MONITOR_VA + LAUNCH_OFF_IMAGE)

static char directory[] = "/tmp/igvm-build-XXXXXX";
static char monitor_path[64], kernel_path[64], firmware_path[64], initrd_path[64], payload_path[64], image_path[64], log_path[64];

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *stream = fopen(path, "wb");

	if (stream == NULL || fwrite(data, 1, size, stream) != size || fclose(stream) != 0)
		abort();
}

static struct test_elf good_monitor(void)
{
	struct test_elf elf;

	elf_begin(&elf, IMAGE_VA + 0x10);
	elf_add(&elf, IMAGE_VA, 0x200, 0x200, READ | EXECUTE);
	elf_add(&elf, IMAGE_VA + 0x1000, 0x100, 0x100, READ);
	elf_add(&elf, IMAGE_VA + 0x2000, 0, 0x1000, 0);
	elf_add(&elf, IMAGE_VA + 0x3000, 0x80, 0x2800, READ | WRITE);
	return elf;
}

static struct test_elf good_payload(void)
{
	struct test_elf elf;

	elf_begin(&elf, 0x200000);
	elf_add(&elf, 0x200000, 0x200, 0x200, READ | EXECUTE);
	elf_add(&elf, 0x201000, 0x100, 0x4000, READ | WRITE);
	return elf;
}

static void write_good_files(void)
{
	struct test_elf monitor = good_monitor(), payload = good_payload();
	uint8_t kernel[TEST_KERNEL_SIZE];
	struct ovmf_file firmware;

	kernel_make(kernel);
	write_file(monitor_path, monitor.data, sizeof(monitor.data));
	write_file(payload_path, payload.data, sizeof(payload.data));
	write_file(kernel_path, kernel, sizeof(kernel));
	write_file(initrd_path, "initrd", 6);
	ovmf_file_make(&firmware);
	write_file(firmware_path, firmware.data, sizeof(firmware.data));
	unlink(image_path);
}

/* Runs before the tests: constructors of this file run in order, and TEST() comes later. */
__attribute__((constructor)) static void make_directory(void)
{
	if (mkdtemp(directory) == NULL)
		abort();
	snprintf(monitor_path, sizeof(monitor_path), "%s/monitor.elf", directory);
	snprintf(kernel_path, sizeof(kernel_path), "%s/kernel", directory);
	snprintf(firmware_path, sizeof(firmware_path), "%s/firmware", directory);
	snprintf(initrd_path, sizeof(initrd_path), "%s/initrd", directory);
	snprintf(payload_path, sizeof(payload_path), "%s/payload.elf", directory);
	snprintf(image_path, sizeof(image_path), "%s/image.igvm", directory);
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
}

__attribute__((destructor)) static void remove_directory(void)
{
	const char *paths[] = { monitor_path, kernel_path, firmware_path, initrd_path, payload_path, image_path, log_path };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		unlink(paths[i]);
	rmdir(directory);
}

static size_t files_in_directory(void)
{
	DIR *stream = opendir(directory);
	size_t count = 0;

	if (stream == NULL)
		return 0;
	while (readdir(stream) != NULL)
		count++;
	closedir(stream);
	return count;
}

/* Runs "build" with these arguments; standard error goes to the log file, so that a test can look at it. */
static int run_build(const char *const *arguments)
{
	char *argv[24];
	int argc = 0, status, saved = dup(STDERR_FILENO);

	argv[argc++] = (char *)(uintptr_t) "build";
	for (; *arguments != NULL; arguments++)
		argv[argc++] = (char *)(uintptr_t)*arguments;
	argv[argc] = NULL;
	if (freopen(log_path, "w", stderr) == NULL)
		abort();
	optind = 0; /* makes getopt start again */
	status = command_build(argc, argv);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	return status;
}

#define BUILD(...) run_build((const char *const[]){ __VA_ARGS__, "-q", NULL })
#define BUILD_LINUX(...) BUILD("--monitor", monitor_path, "--kernel", kernel_path, "-o", image_path, __VA_ARGS__)
#define BUILD_FIRMWARE(...) BUILD("--monitor", monitor_path, "--firmware", firmware_path, "-o", image_path, __VA_ARGS__)
#define BUILD_PAYLOAD(...) BUILD("--monitor", monitor_path, "--payload", payload_path, "-o", image_path, __VA_ARGS__)

/* Exit status 1, one line of explanation that has this in it, and no output file, finished or not. */
static void check_refused(int status, size_t files_before, const char *expected, int line)
{
	char text[4096] = "";
	FILE *stream = fopen(log_path, "r");
	size_t size = stream ? fread(text, 1, sizeof(text) - 1, stream) : 0;

	if (stream)
		(void)fclose(stream);
	if (status != 1 || size == 0 || strchr(text, '\n') != text + size - 1 || strstr(text, expected) == NULL ||
	    strncmp(text, "igvm: ", 6) != 0 || access(image_path, F_OK) == 0 || files_in_directory() != files_before) {
		printf("line %d: status %d, expected a line with \"%s\", got: %s", line, status, expected, text);
		CHECK(false);
	}
}

#define CHECK_REFUSED(expected, build) \
	do { \
		write_file(log_path, "", 0); \
		unlink(image_path); \
		size_t files_ = files_in_directory(); \
		check_refused(build, files_, expected, __LINE__); \
	} while (0)

/* ---- reading back ---- */

static uint64_t region = MONITOR_GPA; /* of the image that is looked at */

static uint8_t image_data[8 << 20];
static struct igvm_file image;

static bool load_image(void)
{
	struct igvm_error error;
	FILE *stream = fopen(image_path, "rb");
	size_t size;

	if (stream == NULL)
		return false;
	size = fread(image_data, 1, sizeof(image_data), stream);
	(void)fclose(stream);
	return igvm_open(&image, image_data, size, &error) == 0;
}

/* Content of the page at gpa, NULL when the image does not have it; *data_type when it has. */
static const uint8_t *find_page(uint64_t gpa, uint16_t *data_type)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	struct igvm_page_data page;
	struct igvm_error error;
	const uint8_t *content = NULL;

	while (igvm_next(&image, &cursor, &header, &error) == 0) {
		if (header.type != IGVM_VHT_PAGE_DATA || igvm_read_page_data(&image, &header, &page, &error) != 0 ||
		    page.gpa != gpa)
			continue;
		if (data_type != NULL)
			*data_type = page.data_type;
		if (page.file_offset != 0 &&
		    igvm_file_data(&image, &header, page.file_offset, 4096, &content, &error) != 0)
			return NULL;
		return content;
	}
	return NULL;
}

static uint64_t read_u64(uint64_t gpa)
{
	const uint8_t *page = find_page(align_down(gpa, 4096), NULL);
	uint64_t value = 0;

	if (page != NULL)
		memcpy(&value, page + gpa % 4096, sizeof(value));
	return value;
}

/* Walks page tables as the processor does; 0 when not mapped. */
static uint64_t translate(uint64_t root, uint64_t address)
{
	uint64_t table = root;

	for (int level = 3; level >= 0; level--) {
		uint64_t entry = read_u64(table + 8 * ((address >> (12 + 9 * level)) % 512));

		if ((entry & 1) == 0 || level == 0 || (entry & 0x80) != 0)
			return entry & 1 ? entry : 0;
		table = entry & 0x000FFFFFFFFFF000;
	}
	return 0;
}

static struct launch_block read_block(void)
{
	struct launch_block block;
	const uint8_t *page = find_page(region + LAUNCH_OFF_BLOCK, NULL);

	memset(&block, 0, sizeof(block));
	if (page != NULL)
		memcpy(&block, page, sizeof(block));
	return block;
}

static struct policy_page read_policy(void)
{
	struct policy_page policy;
	const uint8_t *page = find_page(region + LAUNCH_OFF_POLICY, NULL);

	memset(&policy, 0, sizeof(policy));
	if (page != NULL)
		memcpy(&policy, page, sizeof(policy));
	return policy;
}

static struct vmsa read_guest_vmsa(void)
{
	struct vmsa vmsa;
	const uint8_t *page = find_page(region + LAUNCH_OFF_GUEST_VMSA, NULL);

	memset(&vmsa, 0, sizeof(vmsa));
	if (page != NULL)
		memcpy(&vmsa, page, sizeof(vmsa));
	return vmsa;
}

static const struct launch_range *find_range(const struct launch_block *block, uint64_t gpa)
{
	for (uint32_t i = 0; i < block->range_count; i++) {
		if (gpa >= block->range[i].gpa && gpa - block->range[i].gpa < block->range[i].size)
			return &block->range[i];
	}
	return NULL;
}

static bool has_kind(const struct launch_block *block, uint64_t gpa, uint32_t kind, uint32_t flags)
{
	const struct launch_range *range = find_range(block, gpa);

	return range != NULL && range->kind == kind && range->flags == flags;
}

/* ---- tests ---- */

TEST(launch_block_of_linux)
{
	struct launch_block block;

	write_good_files();
	REQUIRE(BUILD_LINUX("--initrd", initrd_path, "--append", "a=b", "--console", "on", "--name", "test") == 0);
	REQUIRE(load_image());
	block = read_block();
	CHECK_EQ(block.magic, LAUNCH_MAGIC);
	CHECK_EQ(block.version, LAUNCH_VERSION);
	CHECK_EQ(block.flags, LAUNCH_FLAG_VALIDATE_ALL);
	CHECK_EQ(block.region_gpa, region);
	CHECK_EQ(block.image_end, LAUNCH_OFF_IMAGE + 0x6000);
	CHECK_EQ(block.map_kind, LAUNCH_MAP_E820);
	CHECK_EQ(block.map_gpa, GUEST_BOOT_PARAMS);
	CHECK_TEXT(block.image_name, "test");
	CHECK(block.range_count > 0 && block.range_count <= LAUNCH_RANGE_MAX);
	for (uint32_t i = 1; i < block.range_count; i++)
		CHECK(block.range[i - 1].gpa + block.range[i - 1].size <= block.range[i].gpa);
	CHECK(has_kind(&block, GUEST_BOOT_PARAMS, LAUNCH_RANGE_IMAGE, 0));
	CHECK(has_kind(&block, GUEST_KERNEL, LAUNCH_RANGE_IMAGE, 0));
	CHECK(has_kind(&block, GUEST_INITRD, LAUNCH_RANGE_IMAGE, 0));
	CHECK(has_kind(&block, GUEST_ACPI, LAUNCH_RANGE_IMAGE, LAUNCH_RANGE_FLAG_ACPI));
	CHECK(has_kind(&block, GUEST_MADT, LAUNCH_RANGE_MADT, LAUNCH_RANGE_FLAG_ACPI));
	CHECK(has_kind(&block, GUEST_CC_BLOB, LAUNCH_RANGE_IMAGE, 0));
	CHECK(has_kind(&block, GUEST_SECRETS, LAUNCH_RANGE_SECRETS, LAUNCH_RANGE_FLAG_RESERVED));
	CHECK(has_kind(&block, GUEST_CPUID, LAUNCH_RANGE_CPUID, LAUNCH_RANGE_FLAG_RESERVED));
	CHECK(has_kind(&block, GUEST_CAA, LAUNCH_RANGE_CAA, LAUNCH_RANGE_FLAG_RESERVED));
}

TEST(policy_page)
{
	struct policy_page policy;
	static const char text[] = "console = on\nservices-off = vtpm\n";
	char path[80];

	write_good_files();
	snprintf(path, sizeof(path), "%s/policy", directory);
	write_file(path, text, sizeof(text) - 1);
	REQUIRE(BUILD_LINUX("--policy", path, "--set", "secure-boot=setup", "--serial-port", "0x2f8") == 0);
	REQUIRE(load_image());
	policy = read_policy();
	CHECK(policy_check(&policy) == NULL);
	CHECK_EQ(policy.guest_vmpl, 2);
	CHECK_EQ(policy.flags, POLICY_FLAG_CONSOLE | POLICY_FLAG_SERVICES);
	CHECK_EQ(policy.serial_port, 0x2F8);
	CHECK_EQ(policy.secure_boot, POLICY_SECURE_BOOT_SETUP);
	CHECK_EQ(policy.off_count, 1);
	CHECK_TEXT(policy.off[0], "vtpm");
	CHECK_REFUSED("--set", BUILD_LINUX("--set", "guest-vmpl=9"));
	write_file(path, "console = on\nbad\n", 17);
	CHECK_REFUSED("line 2", BUILD_LINUX("--policy", path));
	unlink(path);
}

/* Every launched page outside the monitor lies in an IMAGE range, and every page of an IMAGE range is launched. */
TEST(image_ranges_are_the_launched_pages)
{
	struct launch_block block;
	uint64_t launched = 0, described = 0;
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	struct igvm_page_data page;
	struct igvm_error error;

	write_good_files();
	REQUIRE(BUILD_LINUX("--initrd", initrd_path) == 0);
	REQUIRE(load_image());
	block = read_block();
	while (igvm_next(&image, &cursor, &header, &error) == 0) {
		if (header.type != IGVM_VHT_PAGE_DATA || igvm_read_page_data(&image, &header, &page, &error) != 0)
			continue;
		if (page.gpa >= region && page.gpa < region + MONITOR_SIZE)
			continue;
		launched++;
		CHECK(find_range(&block, page.gpa) != NULL && find_range(&block, page.gpa)->kind == LAUNCH_RANGE_IMAGE);
	}
	for (uint32_t i = 0; i < block.range_count; i++)
		described += block.range[i].kind == LAUNCH_RANGE_IMAGE ? block.range[i].size / 4096 : 0;
	CHECK_EQ(launched, described);
}

static void check_page_tables(void)
{
	uint64_t root = region + LAUNCH_OFF_PAGE_TABLES, no_execute = 1ull << 63;

	for (uint64_t offset = 0; offset < MONITOR_SIZE; offset += 4096) {
		uint64_t entry = translate(root, MONITOR_VA + offset);
		bool write = entry & 2, execute = (entry & no_execute) == 0;

		if (offset == LAUNCH_OFF_IMAGE + 0x2000) {
			CHECK_EQ(entry, 0); /* the guard */
			continue;
		}
		CHECK_EQ(entry & 0x000FFFFFFFFFF000, region + offset);
		CHECK(!(write && execute));
		CHECK_EQ(execute, offset == LAUNCH_OFF_IMAGE);
		CHECK_EQ(!write, offset == LAUNCH_OFF_BLOCK || offset == LAUNCH_OFF_GUEST_VMSA || offset == LAUNCH_OFF_POLICY ||
					 offset == LAUNCH_OFF_IMAGE || offset == LAUNCH_OFF_IMAGE + 0x1000);
	}
	/* One page one to one, for the way into the high addresses; nothing else. */
	CHECK_EQ(translate(root, region + LAUNCH_OFF_IMAGE) & 0x000FFFFFFFFFF000, region + LAUNCH_OFF_IMAGE);
	CHECK_EQ(translate(root, region + LAUNCH_OFF_IMAGE) & (no_execute | 2), 0);
	CHECK_EQ(translate(root, region + LAUNCH_OFF_IMAGE + 0x1000), 0);
	CHECK_EQ(translate(root, region), 0);
	CHECK_EQ(translate(root, MONITOR_VA - 4096), 0);
	CHECK_EQ(translate(root, MONITOR_VA + MONITOR_SIZE), 0);
}

static void check_content(void)
{
	const uint8_t *page;
	uint16_t type = 0;

	page = find_page(region + LAUNCH_OFF_IMAGE, NULL);
	REQUIRE(page != NULL);
	CHECK_EQ(page[0x1FF], 0x11);
	CHECK_EQ(page[0x200], 0);
	page = find_page(region + LAUNCH_OFF_IMAGE + 0x3000, NULL);
	REQUIRE(page != NULL);
	CHECK_EQ(page[0x7F], 0x44);
	/* Memory that starts as zeros has explicit zeros in the image; the guard is not in it. */
	page = find_page(region + LAUNCH_OFF_IMAGE + 0x5000, NULL);
	REQUIRE(page != NULL);
	CHECK_EQ(page[0], 0);
	CHECK(find_page(region + LAUNCH_OFF_IMAGE + 0x2000, NULL) == NULL);
	CHECK(find_page(region + LAUNCH_OFF_IMAGE + 0x6000, NULL) == NULL);
	CHECK(find_page(region + LAUNCH_OFF_CPUID, &type) != NULL);
	CHECK_EQ(type, IGVM_PAGE_TYPE_CPUID_DATA);
	find_page(region + LAUNCH_OFF_SECRETS, &type);
	CHECK_EQ(type, IGVM_PAGE_TYPE_SECRETS);
}

TEST(monitor)
{
	write_good_files();
	REQUIRE(BUILD_LINUX("--append", "") == 0);
	REQUIRE(load_image());
	check_page_tables();
	check_content();
}

/* A recipe as "qemu", but for these two lines. */
static void write_recipe(const char *path, const char *region_line, const char *vmsa_line)
{
	FILE *from = fopen("tools/igvm/recipes/qemu.recipe", "r"), *to = fopen(path, "w");
	char line[256];

	if (from == NULL || to == NULL)
		abort();
	while (fgets(line, sizeof(line), from) != NULL) {
		const char *put = strncmp(line, "region =", 8) == 0 ? region_line : line;

		fputs(strncmp(line, "vmsa =", 6) == 0 ? vmsa_line : put, to);
	}
	(void)fclose(from);
	(void)fclose(to);
}

TEST(region_of_the_recipe)
{
	static const char vmsa[] = "vmsa = region-end\n";
	struct launch_block block;
	char path[80];

	write_good_files();
	snprintf(path, sizeof(path), "%s/mine.recipe", directory);
	write_recipe(path, "region = 0x40200000\n", vmsa);
	REQUIRE(BUILD_LINUX("--recipe", path) == 0);
	REQUIRE(load_image());
	region = 0x40200000;
	check_page_tables();
	check_content();
	block = read_block();
	CHECK_EQ(block.region_gpa, region);
	CHECK_EQ(block.free_end, MONITOR_SIZE - 4096);
	region = MONITOR_GPA;
	CHECK(find_page(region + LAUNCH_OFF_BLOCK, NULL) == NULL);
	write_recipe(path, "region = 0x200000\n", vmsa);
	CHECK_REFUSED("overlaps the monitor", BUILD_PAYLOAD("--recipe", path));
	write_recipe(path, "region = 0x1000000\n", vmsa);
	CHECK_REFUSED("over the monitor", BUILD_LINUX("--recipe", path));
	write_recipe(path, "region = 0xf000000\n", vmsa); /* the initial RAM disk is at 0x10000000 */
	CHECK_EQ(BUILD_LINUX("--recipe", path, "--initrd", initrd_path), 0);
	write_recipe(path, "region = 0xf200000\n", vmsa);
	CHECK_REFUSED("overlaps the monitor", BUILD_LINUX("--recipe", path, "--initrd", initrd_path));
	write_recipe(path, "region = 0xfbe00000\n", vmsa);
	CHECK_REFUSED("OVMF uses all memory below", BUILD_FIRMWARE("--recipe", path));
	CHECK_REFUSED("OVMF uses all memory below", BUILD_FIRMWARE("--host", "hyper-v"));
	write_recipe(path, "region = 0xfc001000\n", vmsa);
	CHECK_REFUSED("2 MiB", BUILD_LINUX("--recipe", path));
	write_recipe(path, "region = 0xfc000000\n", "vmsa = 0xfc800000\n");
	CHECK_REFUSED("inside the monitor's region", BUILD_LINUX("--recipe", path));
	unlink(path);
}

/* Rules that hosts rely on: parameters before pages, the context last, one page an area. */
TEST(order_of_directives)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	struct igvm_parameter_area area;
	struct igvm_parameter_insert insert;
	struct igvm_vp_context context;
	struct igvm_error error;
	struct vmsa vmsa;
	const uint8_t *content;
	unsigned pages = 0, areas = 0, inserts = 0;
	uint32_t last = 0;

	write_good_files();
	REQUIRE(BUILD_LINUX("--append", "") == 0);
	REQUIRE(load_image());
	while (igvm_next(&image, &cursor, &header, &error) == 0) {
		last = header.type;
		pages += header.type == IGVM_VHT_PAGE_DATA;
		CHECK_EQ(header.optional, header.type == IGVM_VHT_MADT);
		if (header.type == IGVM_VHT_PARAMETER_AREA) {
			REQUIRE(igvm_read_parameter_area(&image, &header, &area, &error) == 0);
			CHECK_EQ(area.number_of_bytes, 4096);
			CHECK_EQ(area.parameter_area_index, areas++);
		}
		if (header.type == IGVM_VHT_PARAMETER_INSERT) {
			CHECK_EQ(pages, 0);
			REQUIRE(igvm_read_parameter_insert(&image, &header, &insert, &error) == 0);
			CHECK_EQ(insert.gpa, region + LAUNCH_OFF_PARAM_GENERAL + 4096ull * inserts++);
		}
	}
	CHECK_EQ(areas, 3);
	CHECK_EQ(inserts, 3);
	CHECK_EQ(last, IGVM_VHT_VP_CONTEXT);
	REQUIRE(igvm_read_vp_context(&image, &header, &context, &error) == 0);
	CHECK_EQ(context.gpa, IGVM_KVM_VMSA_GPA);
	CHECK_EQ(context.vp_index, 0);
	REQUIRE(igvm_file_data(&image, &header, context.file_offset, 4096, &content, &error) == 0);
	memcpy(&vmsa, content, sizeof(vmsa));
	CHECK_EQ(vmsa.rip, region + LAUNCH_OFF_IMAGE + 0x10);
	CHECK_EQ(vmsa.cr0, 0x31);
	CHECK_EQ(vmsa.cr3, region + LAUNCH_OFF_PAGE_TABLES);
	CHECK_EQ(vmsa.cr4, 0x40);
	CHECK_EQ(vmsa.efer, EFER_SVME);
	CHECK_EQ(vmsa.cs.attrib, 0xC9B);
	CHECK_EQ(vmsa.sev_features, SEV_FEATURE_SNP_ACTIVE);
	CHECK_EQ(vmsa.vmpl, 0);
}

TEST(linux_boot_parameters)
{
	const uint8_t *params, *blob, *kernel;
	uint64_t setup_data, secrets, cpuid;
	uint32_t blob_gpa, value;
	struct vmsa vmsa;

	write_good_files();
	REQUIRE(BUILD_LINUX("--initrd", initrd_path, "--append", "console=ttyS0", "--guest-vmpl", "3") == 0);
	REQUIRE(load_image());
	params = find_page(GUEST_BOOT_PARAMS, NULL);
	REQUIRE(params != NULL);
	CHECK_EQ(params[0x1E8], 0); /* the memory map is the monitor's to fill in */
	CHECK_EQ(params[0x1EF], 0); /* sentinel */
	CHECK_EQ(params[BZIMAGE_OFF_TYPE_OF_LOADER], 0xFF);
	CHECK_EQ(memcmp(params + BZIMAGE_OFF_MAGIC, "HdrS", 4), 0);
	memcpy(&value, params + BZIMAGE_OFF_CMD_LINE_PTR, 4);
	CHECK_TEXT((const char *)find_page(value, NULL), "console=ttyS0");
	memcpy(&value, params + BZIMAGE_OFF_RAMDISK_IMAGE, 4);
	CHECK_TEXT((const char *)find_page(value, NULL), "initrd");
	memcpy(&value, params + BZIMAGE_OFF_RAMDISK_SIZE, 4);
	CHECK_EQ(value, 6);
	memcpy(&setup_data, params + BZIMAGE_OFF_SETUP_DATA, 8);
	CHECK_EQ(read_u64(setup_data), 0); /* next */
	CHECK_EQ(read_u64(setup_data + 8), 0x400000007ull); /* length 4, type 7 */
	blob_gpa = (uint32_t)read_u64(setup_data + 16);
	blob = find_page(blob_gpa, NULL);
	REQUIRE(blob != NULL);
	memcpy(&value, blob, 4);
	CHECK_EQ(value, 0x45444D41);
	memcpy(&secrets, blob + 8, 8);
	memcpy(&cpuid, blob + 24, 8);
	CHECK_EQ(secrets, GUEST_SECRETS);
	CHECK_EQ(cpuid, GUEST_CPUID);
	kernel = find_page(GUEST_KERNEL, NULL);
	REQUIRE(kernel != NULL);
	CHECK_EQ(kernel[0], 0x5A);
	vmsa = read_guest_vmsa();
	CHECK_EQ(vmsa.vmpl, 0); /* the policy has the level */
	CHECK_EQ(read_policy().guest_vmpl, 3);
	CHECK_EQ(vmsa.rip, GUEST_KERNEL + 0x200);
	CHECK_EQ(vmsa.rsi, GUEST_BOOT_PARAMS);
	CHECK_EQ(vmsa.efer, EFER_LME | EFER_LMA | EFER_SVME);
	CHECK_EQ(vmsa.cs.attrib, 0xA9B);
	CHECK_EQ(read_u64(vmsa.gdtr.base + vmsa.cs.selector), 0x00AF9B000000FFFF);
	CHECK_EQ(read_u64(vmsa.gdtr.base + vmsa.ds.selector), 0x00CF93000000FFFF);
}

TEST(guest_memory_is_mapped_one_to_one)
{
	static const uint64_t addresses[] = {
		0, 0x10000, 0x80D000, GUEST_KERNEL, GUEST_INITRD, 0xFEE00000, 0xFFFFFFFF
	};
	struct launch_block block;
	struct vmsa vmsa;

	write_good_files();
	REQUIRE(BUILD_LINUX("--append", "") == 0);
	REQUIRE(load_image());
	vmsa = read_guest_vmsa();
	block = read_block();
	CHECK_EQ(vmsa.cr3, block.cbit_gpa);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		CHECK_EQ(translate(vmsa.cr3, addresses[i]) & 0x000FFFFFFFE00000, addresses[i] & ~0x1FFFFFull);
	CHECK_EQ(translate(vmsa.cr3, 0x100000000), 0);
	/* All of the tables lie where the monitor will set C-bits, and no entry has one. */
	for (uint64_t at = 0; at < block.cbit_size; at += 8)
		CHECK_EQ(read_u64(block.cbit_gpa + at) >> 32, 0);
	CHECK_EQ(block.cbit_size, 6 * 4096);
}

TEST(payload)
{
	struct launch_block block;
	const uint8_t *page;
	struct vmsa vmsa;

	write_good_files();
	REQUIRE(BUILD_PAYLOAD("--guest-vmpl", "1") == 0);
	REQUIRE(load_image());
	block = read_block();
	CHECK_EQ(block.flags, LAUNCH_FLAG_TEST);
	CHECK_EQ(block.map_kind, LAUNCH_MAP_IGVM);
	CHECK_EQ(block.map_gpa, GUEST_MEMORY_MAP);
	CHECK_EQ(block.map_size, 4096);
	CHECK(has_kind(&block, 0x200000, LAUNCH_RANGE_IMAGE, 0));
	CHECK(has_kind(&block, 0x201000, LAUNCH_RANGE_IMAGE, 0));
	CHECK(has_kind(&block, 0x202000, LAUNCH_RANGE_ZERO, 0));
	CHECK(has_kind(&block, 0x204FFF, LAUNCH_RANGE_ZERO, 0));
	CHECK(find_range(&block, 0x205000) == NULL);
	CHECK(has_kind(&block, GUEST_SECRETS, LAUNCH_RANGE_SECRETS, LAUNCH_RANGE_FLAG_RESERVED));
	page = find_page(0x200000, NULL);
	REQUIRE(page != NULL);
	CHECK_EQ(page[0], 0x11);
	vmsa = read_guest_vmsa();
	CHECK_EQ(vmsa.rip, 0x200000);
	CHECK_EQ(vmsa.vmpl, 0);
	CHECK_EQ(read_policy().guest_vmpl, 1);
}

static int build_with_firmware(const struct ovmf_file *file, size_t size)
{
	write_file(firmware_path, file->data, size);
	return BUILD_FIRMWARE("--name", "x");
}

TEST(firmware)
{
	const uint64_t start = 0x100000000ull - OVMF_FILE_SIZE;
	struct launch_block block;
	struct ovmf_file file;
	struct vmsa vmsa;
	const uint8_t *page;

	write_good_files();
	ovmf_file_make(&file);
	REQUIRE(BUILD_FIRMWARE("--guest-vmpl", "3") == 0);
	REQUIRE(load_image());
	block = read_block();
	CHECK_EQ(block.flags, 0);
	CHECK_EQ(read_policy().guest_vmpl, 3);
	CHECK_EQ(block.map_kind, LAUNCH_MAP_IGVM);
	CHECK_EQ(block.map_gpa, 0x812000);
	CHECK_EQ(block.map_size, 0xC0);
	CHECK_EQ(block.vp_count_gpa, 0x8120C0);
	CHECK_EQ(block.cbit_size, 0);
	CHECK(has_kind(&block, 0x800000, LAUNCH_RANGE_ZERO, 0));
	CHECK(has_kind(&block, 0x808000, LAUNCH_RANGE_ZERO, 0));
	CHECK(find_range(&block, 0x809000) == NULL);
	CHECK(has_kind(&block, 0x80C000, LAUNCH_RANGE_ZERO, 0));
	CHECK(has_kind(&block, 0x80D000, LAUNCH_RANGE_SECRETS, 0));
	CHECK(has_kind(&block, 0x80E000, LAUNCH_RANGE_CPUID, 0));
	CHECK(has_kind(&block, 0x80F000, LAUNCH_RANGE_CAA, 0));
	CHECK(has_kind(&block, 0x810000, LAUNCH_RANGE_ZERO, 0));
	CHECK(has_kind(&block, 0x82F000, LAUNCH_RANGE_ZERO, 0));
	CHECK(find_range(&block, 0x830000) == NULL);
	CHECK(find_range(&block, 0) == NULL);
	CHECK(has_kind(&block, start, LAUNCH_RANGE_IMAGE, 0));
	CHECK(has_kind(&block, 0xFFFFF000, LAUNCH_RANGE_IMAGE, 0));
	for (uint64_t offset = 0; offset < OVMF_FILE_SIZE; offset += PAGE_SIZE) {
		page = find_page(start + offset, NULL);
		REQUIRE(page != NULL);
		CHECK(memcmp(page, file.data + offset, PAGE_SIZE) == 0);
	}
	CHECK(find_page(0x80D000, NULL) == NULL);
	vmsa = read_guest_vmsa();
	CHECK_EQ(vmsa.cs.selector, 0xF000);
	CHECK_EQ(vmsa.cs.base, 0xFFFF0000);
	CHECK_EQ(vmsa.cs.limit, 0xFFFF);
	CHECK_EQ(vmsa.cs.attrib, 0x9B);
	CHECK_EQ(vmsa.ds.attrib, 0x93);
	CHECK_EQ(vmsa.rip, 0xFFF0);
	CHECK_EQ(vmsa.cr0, 0x60000010);
	CHECK_EQ(vmsa.cr3, 0);
	CHECK_EQ(vmsa.efer, EFER_SVME);
	CHECK_EQ(vmsa.vmpl, 0);
	CHECK_EQ(vmsa.sev_features, SEV_FEATURE_SNP_ACTIVE);
}

/* The volume for variables is launched and measured like the rest, and fixed. */
TEST(firmware_with_variables)
{
	static const uint8_t guid[OVMF_GUID_SIZE] = OVMF_GUID_VARIABLES;
	const uint64_t start = 0x100000000ull - OVMF_FILE_SIZE, length = 0x2000;
	struct launch_block block;
	struct ovmf_file file;

	write_good_files();
	ovmf_file_make(&file);
	memcpy(file.data + OVMF_VOLUME_GUID_OFFSET, guid, sizeof(guid));
	memcpy(file.data + OVMF_VOLUME_LENGTH_OFFSET, &length, sizeof(length));
	memcpy(file.data + OVMF_VOLUME_SIGNATURE_OFFSET, OVMF_VOLUME_SIGNATURE, 4);
	REQUIRE(build_with_firmware(&file, sizeof(file.data)) == 0);
	REQUIRE(load_image());
	block = read_block();
	CHECK(has_kind(&block, start, LAUNCH_RANGE_IMAGE, LAUNCH_RANGE_FLAG_FIXED));
	CHECK(has_kind(&block, start + length - PAGE_SIZE, LAUNCH_RANGE_IMAGE, LAUNCH_RANGE_FLAG_FIXED));
	CHECK(has_kind(&block, start + length, LAUNCH_RANGE_IMAGE, 0));
	for (uint64_t offset = 0; offset < OVMF_FILE_SIZE; offset += PAGE_SIZE) {
		const uint8_t *page = find_page(start + offset, NULL);

		REQUIRE(page != NULL);
		CHECK(memcmp(page, file.data + offset, PAGE_SIZE) == 0);
	}
}

/* The second client: a build without IGVM parameters and kernel hashes. */
TEST(firmware_without_parameters)
{
	static const uint8_t sev[] = OVMF_GUID_SEV_METADATA;
	const uint32_t from_end = OVMF_FILE_SIZE - OVMF_FILE_SEV;
	struct launch_block block;
	struct ovmf_file file;

	write_good_files();
	ovmf_file_begin(&file);
	ovmf_file_add(&file, sev, &from_end, 4);
	ovmf_file_descriptor(&file, OVMF_FILE_SEV, OVMF_SEV_SIGNATURE, OVMF_SEV_VERSION);
	ovmf_file_section(&file, OVMF_FILE_SEV, 0x80D000, 0x1000, OVMF_SEV_SECRETS);
	ovmf_file_section(&file, OVMF_FILE_SEV, 0x80F000, 0x1000, OVMF_SEV_CAA);
	write_file(firmware_path, file.data, sizeof(file.data));
	REQUIRE(BUILD_FIRMWARE("--name", "x") == 0);
	REQUIRE(load_image());
	block = read_block();
	CHECK_EQ(block.map_kind, LAUNCH_MAP_NONE);
	CHECK_EQ(block.vp_count_gpa, 0);
	CHECK_EQ(block.range_count, 3);
}

/* OVMF alone as an IGVM file, and an image made of that: the guest's memory is as from the raw file. */
TEST(firmware_as_igvm)
{
	struct launch_block raw, block;
	uint16_t type = 0;
	char path[80];

	write_good_files();
	snprintf(path, sizeof(path), "%s/firmware.igvm", directory);
	REQUIRE(BUILD_FIRMWARE("--name", "x") == 0);
	REQUIRE(load_image());
	raw = read_block();
	REQUIRE(BUILD("--firmware-only", "--firmware", firmware_path, "-o", image_path) == 0);
	REQUIRE(load_image());
	CHECK(find_page(region + LAUNCH_OFF_BLOCK, NULL) == NULL);
	CHECK(find_page(0x80F000, &type) != NULL);
	CHECK_EQ(type, IGVM_PAGE_TYPE_NORMAL);
	CHECK(find_page(0x80E000, &type) != NULL);
	CHECK_EQ(type, IGVM_PAGE_TYPE_CPUID_DATA);
	CHECK(find_page(0x812000, NULL) == NULL); /* parameters */
	CHECK(find_page(0x809000, NULL) == NULL);
	REQUIRE(rename(image_path, path) == 0);
	REQUIRE(BUILD("--monitor", monitor_path, "--firmware", path, "-o", image_path, "--name", "x") == 0);
	REQUIRE(load_image());
	block = read_block();
	CHECK(memcmp(&block, &raw, sizeof(block)) == 0);
	CHECK_EQ(read_guest_vmsa().cr0, 0x30);
	CHECK_EQ(read_guest_vmsa().rip, 0xFFF0);
	CHECK_REFUSED("IGVM file already", BUILD("--firmware-only", "--firmware", path, "-o", image_path));
	CHECK_REFUSED("0xfc000000", BUILD("--monitor", monitor_path, "--firmware", path, "-o", image_path, "--host", "hyper-v"));
	REQUIRE(rename(path, image_path) == 0 && BUILD_FIRMWARE("--name", "x") == 0 && rename(image_path, path) == 0);
	CHECK_REFUSED("a monitor of its own", BUILD("--monitor", monitor_path, "--firmware", path, "-o", image_path));
	write_file(path, "IGVM", 4);
	CHECK_REFUSED("firmware.igvm: ", BUILD("--monitor", monitor_path, "--firmware", path, "-o", image_path));
	CHECK_REFUSED("without --monitor", BUILD("--firmware-only", "--monitor", monitor_path, "--firmware", path, "-o", image_path));
	CHECK_REFUSED("goes with --firmware", BUILD("--firmware-only", "-o", image_path));
	CHECK_REFUSED("has none", BUILD("--firmware-only", "--host", "hyper-v", "--firmware", firmware_path, "-o", image_path));
	unlink(path);
}

static int build_with_section(uint32_t base, uint32_t size)
{
	struct ovmf_file file;

	ovmf_file_make(&file);
	ovmf_file_section(&file, OVMF_FILE_SEV, base, size, OVMF_SEV_MEMORY);
	write_file(firmware_path, file.data, sizeof(file.data));
	return BUILD_FIRMWARE("--name", "x");
}

/* One line that names the file and the place. */
TEST(bad_firmware)
{
	struct ovmf_file file;

	write_good_files();
	CHECK_REFUSED("memory section 0x80900000-0x80900fff lies beyond the RAM that a guest can be sure of (2 GiB) (at "
		      "offset 0x3064)", build_with_section(0x80900000, 0x1000));
	CHECK_REFUSED("lies over the monitor", build_with_section((uint32_t)MONITOR_GPA, 0x1000));
	CHECK_REFUSED("lies over the monitor", build_with_section((uint32_t)MONITOR_GPA - 0x1000, 0x2000));
	CHECK_REFUSED("display and ROMs", build_with_section(0x9F000, 0x2000));
	CHECK_REFUSED("display and ROMs", build_with_section(0xFF000, 0x1000));
	CHECK_REFUSED("a section overlaps another one (at offset 0x3064)", build_with_section(0x808000, 0x2000));
	CHECK_REFUSED("a section does not end below the firmware image", build_with_section(0xFFFF0000, 0x10000));
	CHECK_REFUSED("not OVMF", BUILD("--monitor", monitor_path, "--firmware", kernel_path, "-o", image_path));
	CHECK_REFUSED("No such file", BUILD("--monitor", monitor_path, "--firmware", "/none", "-o", image_path));
	ovmf_file_make(&file);
	CHECK_REFUSED("firmware: not OVMF: no GUIDed table at its end", build_with_firmware(&file, OVMF_FILE_SIZE - 0x1000));
	CHECK_REFUSED("firmware: not OVMF: its size", build_with_firmware(&file, OVMF_FILE_SIZE - 1));
	ovmf_file_begin(&file);
	CHECK_REFUSED("no SEV metadata", build_with_firmware(&file, OVMF_FILE_SIZE));
	ovmf_file_make(&file);
	ovmf_file_put_u16(&file, OVMF_FILE_SIZE - OVMF_TABLE_END_FROM_END - OVMF_ENTRY_OVERHEAD, 0xFFFF);
	CHECK_REFUSED("the GUIDed table has an impossible length (at offset 0x3fce)", build_with_firmware(&file, OVMF_FILE_SIZE));
}

TEST(same_inputs_give_the_same_bits)
{
	static uint8_t first[sizeof(image_data)];
	uint64_t size;

	write_good_files();
	REQUIRE(BUILD_LINUX("--append", "x") == 0);
	REQUIRE(load_image());
	memcpy(first, image_data, image.size);
	size = image.size;
	REQUIRE(BUILD_LINUX("--append", "x") == 0);
	REQUIRE(load_image());
	CHECK_EQ(image.size, size);
	CHECK_EQ(memcmp(first, image_data, size), 0);
	REQUIRE(BUILD_LINUX("--append", "y") == 0);
	REQUIRE(load_image());
	CHECK(memcmp(first, image_data, size) != 0);
}

TEST(command_line_errors)
{
	write_good_files();
	CHECK_REFUSED("--monitor is missing", BUILD("--kernel", kernel_path, "-o", image_path));
	CHECK_REFUSED("--output is missing", BUILD("--kernel", kernel_path, "--monitor", monitor_path));
	CHECK_REFUSED("one of --kernel, --firmware and --payload", BUILD("--monitor", monitor_path, "-o", image_path));
	CHECK_REFUSED("one of --kernel, --firmware and --payload", BUILD_LINUX("--payload", payload_path));
	CHECK_REFUSED("go with --kernel", BUILD_PAYLOAD("--append", "x"));
	CHECK_REFUSED("--guest-vmpl 0", BUILD_LINUX("--guest-vmpl", "0"));
	CHECK_REFUSED("--guest-vmpl 4", BUILD_LINUX("--guest-vmpl", "4"));
	CHECK_REFUSED("--guest-vmpl 2x", BUILD_LINUX("--guest-vmpl", "2x"));
	CHECK_REFUSED("--guest-vmpl ", BUILD_LINUX("--guest-vmpl", ""));
	CHECK_REFUSED("--serial-port 0x10000", BUILD_LINUX("--serial-port", "0x10000"));
	CHECK_REFUSED("--serial-port -1", BUILD_LINUX("--serial-port", "-1"));
	CHECK_REFUSED("--console yes", BUILD_LINUX("--console", "yes"));
	CHECK_REFUSED("--host x", BUILD_LINUX("--host", "x"));
	CHECK_REFUSED("--name is longer",
		      BUILD_LINUX("--name", "0123456789012345678901234567890123456789012345678901234567890123"));
	CHECK_REFUSED("unknown option '--bogus'", BUILD_LINUX("--bogus"));
	CHECK_REFUSED("every argument needs an option", BUILD_LINUX("stray"));
}

TEST(missing_and_empty_files)
{
	char nowhere[128];

	write_good_files();
	snprintf(nowhere, sizeof(nowhere), "%s/no/image", directory);
	CHECK_REFUSED("no/image: No such file",
		      BUILD("--monitor", monitor_path, "--kernel", kernel_path, "-o", nowhere));
	CHECK_REFUSED("Is a directory", BUILD("--monitor", monitor_path, "--kernel", kernel_path, "-o", directory));
	CHECK_REFUSED("is a directory", BUILD_LINUX("--initrd", directory));
	/* The finished file cannot take its name: nothing of it may stay behind. */
	snprintf(nowhere, sizeof(nowhere), "%s/sub", directory);
	REQUIRE(mkdir(nowhere, 0700) == 0);
	CHECK_REFUSED("Is a directory", BUILD("--monitor", monitor_path, "--kernel", kernel_path, "-o", nowhere));
	rmdir(nowhere);
	unlink(initrd_path);
	CHECK_REFUSED("initrd: No such file", BUILD_LINUX("--initrd", initrd_path));
	write_file(initrd_path, "", 0);
	CHECK_REFUSED("initrd: file is empty", BUILD_LINUX("--initrd", initrd_path));
	unlink(kernel_path);
	CHECK_REFUSED("kernel: No such file", BUILD_LINUX("--append", ""));
	write_good_files();
	unlink(monitor_path);
	CHECK_REFUSED("monitor.elf: No such file", BUILD_LINUX("--append", ""));
}

static void patch_kernel(uint32_t offset, uint32_t value, unsigned bytes)
{
	uint8_t kernel[TEST_KERNEL_SIZE];

	kernel_make(kernel);
	memcpy(kernel + offset, &value, bytes);
	write_file(kernel_path, kernel, sizeof(kernel));
}

TEST(bad_kernels)
{
	char long_line[2049];

	write_good_files();
	write_file(kernel_path, "MZ", 2);
	CHECK_REFUSED("not a Linux bzImage", BUILD_LINUX("--append", ""));
	patch_kernel(BZIMAGE_OFF_VERSION, 0x20B, 2);
	CHECK_REFUSED("too old", BUILD_LINUX("--append", ""));
	patch_kernel(BZIMAGE_OFF_INIT_SIZE, (uint32_t)(GUEST_INITRD - GUEST_KERNEL + 1), 4);
	CHECK_REFUSED("too large", BUILD_LINUX("--append", ""));
	patch_kernel(BZIMAGE_OFF_KERNEL_ALIGNMENT, 0x2000000, 4);
	CHECK_REFUSED("cannot be loaded", BUILD_LINUX("--append", ""));
	patch_kernel(BZIMAGE_OFF_RELOCATABLE, 0, 1);
	CHECK_EQ(BUILD_LINUX("--append", ""), 0); /* its preferred address is the one it gets */
	unlink(image_path);
	patch_kernel(BZIMAGE_OFF_INITRD_ADDR_MAX, (uint32_t)GUEST_INITRD + 4, 4);
	CHECK_REFUSED("initrd: too large", BUILD_LINUX("--initrd", initrd_path));
	patch_kernel(BZIMAGE_OFF_INITRD_ADDR_MAX, (uint32_t)GUEST_INITRD + 5, 4);
	CHECK_EQ(BUILD_LINUX("--initrd", initrd_path), 0);
	memset(long_line, 'x', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	write_good_files();
	CHECK_REFUSED("command line is too long: 2048 bytes, at most 2047", BUILD_LINUX("--append", long_line));
	long_line[2047] = '\0';
	CHECK_EQ(BUILD_LINUX("--append", long_line), 0);
}

/* Builds with a monitor whose segment has these properties besides the good ones. */
static int build_with_segment(uint64_t address, uint64_t file_size, uint64_t memory_size, uint32_t flags)
{
	struct test_elf elf;

	elf_begin(&elf, IMAGE_VA);
	elf_add(&elf, IMAGE_VA, 0x200, 0x200, READ | EXECUTE);
	elf_add(&elf, address, file_size, memory_size, flags);
	write_file(monitor_path, elf.data, sizeof(elf.data));
	return BUILD_LINUX("--append", "");
}

TEST(bad_monitors)
{
	struct test_elf elf = good_monitor();

	write_good_files();
	CHECK_REFUSED("writable and executable", build_with_segment(IMAGE_VA + 0x1000, 1, 1, READ | WRITE | EXECUTE));
	CHECK_REFUSED("share the page", build_with_segment(IMAGE_VA + 0x800, 1, 1, READ));
	CHECK_REFUSED("lies outside", build_with_segment(MONITOR_VA + 0xF000, 1, 1, READ));
	CHECK_REFUSED("lies outside", build_with_segment(MONITOR_VA + MONITOR_SIZE - 1, 1, 2, READ));
	CHECK_REFUSED("lies outside", build_with_segment(0x200000, 1, 1, READ));
	CHECK_REFUSED("lies outside", build_with_segment(IMAGE_VA + 0x1000, 0, MONITOR_SIZE, READ));
	CHECK_REFUSED("no permissions", build_with_segment(IMAGE_VA + 0x1000, 1, 1, 0));
	CHECK_EQ(build_with_segment(MONITOR_VA + MONITOR_SIZE - 4096, 1, 4096, READ), 0);
	elf.header.entry = IMAGE_VA + 0x1000;
	elf_store(&elf);
	write_file(monitor_path, elf.data, sizeof(elf.data));
	CHECK_REFUSED("entry point", BUILD_LINUX("--append", ""));
	elf.header.entry = 0x1000;
	elf_store(&elf);
	write_file(monitor_path, elf.data, sizeof(elf.data));
	CHECK_REFUSED("entry point", BUILD_LINUX("--append", ""));
	elf.header.entry = MONITOR_GPA + LAUNCH_OFF_IMAGE; /* physical: recipes differ in it */
	elf_store(&elf);
	write_file(monitor_path, elf.data, sizeof(elf.data));
	CHECK_REFUSED("entry point", BUILD_LINUX("--append", ""));
	write_file(monitor_path, elf.data, 0x1100);
	CHECK_REFUSED("outside the file", BUILD_LINUX("--append", ""));
	write_file(monitor_path, "text", 4);
	CHECK_REFUSED("shorter than an ELF header", BUILD_LINUX("--append", ""));
}

static int build_payload_with(uint64_t address, uint64_t file_size, uint64_t memory_size)
{
	struct test_elf elf = good_payload();

	elf_add(&elf, address, file_size, memory_size, READ | WRITE);
	write_file(payload_path, elf.data, sizeof(elf.data));
	return BUILD_PAYLOAD("--console", "off");
}

TEST(bad_payloads)
{
	write_good_files();
	CHECK_REFUSED("lies outside", build_payload_with(0x1000, 1, 1));
	CHECK_REFUSED("lies outside", build_payload_with(GUEST_INITRD, 1, 1));
	CHECK_REFUSED("lies outside", build_payload_with(GUEST_INITRD - 0x1000, 1, 0x1001));
	CHECK_REFUSED("does not start at a page", build_payload_with(0x300010, 1, 1));
	CHECK_REFUSED("overlap", build_payload_with(0x204000, 1, 1)); /* its own bss */
	CHECK_REFUSED("overlap", build_payload_with(0x200000, 1, 1)); /* its own text */
	CHECK_REFUSED("overlap", build_payload_with(0x80D000, 0, 0x1000)); /* the secrets page */
	CHECK_REFUSED("overlap", build_payload_with(0x800000, 0x10, 0x20000)); /* bss over it */
	CHECK_EQ(build_payload_with(0x300000, 1, 0x1000), 0);
}

TEST(pages_of_an_image_may_not_overlap)
{
	const uint8_t byte = 1;

	for (uint32_t with_area = 0; with_area < 2; with_area++) {
		struct image pages = { 0 };
		struct blob file = { 0 };

		image_add(&pages, 0x5000, &byte, 1, IGVM_PAGE_TYPE_NORMAL, "first");
		if (with_area)
			image_add_area(&pages, 0x5000);
		else
			image_add(&pages, 0x5000, &byte, 1, IGVM_PAGE_TYPE_CPUID_DATA, "second");
		CHECK_EQ(image_write(&pages, recipe_at(0), &file), ERR_INVALID);
		CHECK(file.data == NULL);
		image_free(&pages);
	}
}

TEST(acpi_checksums)
{
	static const struct {
		const char *signature;
		uint32_t offset;
	} tables[] = { { "XSDT", 0x40 }, { "FACP", 0x100 }, { "DSDT", 0x240 } };
	uint8_t page[PAGE_SIZE], sum;
	uint64_t address;
	uint32_t length;

	acpi_build(page, 0x20000, 0x21000);
	CHECK_EQ(memcmp(page, "RSD PTR ", 8), 0);
	sum = 0;
	for (uint32_t i = 0; i < 20; i++)
		sum = (uint8_t)(sum + page[i]);
	CHECK_EQ(sum, 0);
	sum = 0;
	for (uint32_t i = 0; i < 36; i++)
		sum = (uint8_t)(sum + page[i]);
	CHECK_EQ(sum, 0);
	memcpy(&address, page + 24, 8);
	CHECK_EQ(address, 0x20040);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		CHECK_EQ(memcmp(page + tables[i].offset, tables[i].signature, 4), 0);
		memcpy(&length, page + tables[i].offset + 4, 4);
		REQUIRE(length >= 36 && tables[i].offset + length <= sizeof(page));
		sum = 0;
		for (uint32_t at = 0; at < length; at++)
			sum = (uint8_t)(sum + page[tables[i].offset + at]);
		CHECK_EQ(sum, 0);
	}
	memcpy(&address, page + 0x40 + 36, 8);
	CHECK_EQ(address, 0x20100);
	memcpy(&address, page + 0x40 + 44, 8);
	CHECK_EQ(address, 0x21000);
	memcpy(&address, page + 0x100 + 140, 8);
	CHECK_EQ(address, 0x20240);
}
