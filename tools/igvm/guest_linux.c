/* SPDX-License-Identifier: MIT */
/*
 * Direct boot of Linux in 64-bit mode (x86 boot protocol, "64-bit BOOT PROTOCOL"). The kernel finds its secrets and
 * CPUID pages through the confidential-computing blob that setup_data of type 7 points to.
 */
#include <inttypes.h>
#include <string.h>

#include "abi/igvm.h"
#include "acpi.h"
#include "guest.h"
#include "lib/bzimage.h"

#define PARAMS_ACPI_RSDP 0x070u
#define LOADER_UNDEFINED 0xFFu

#define SETUP_CC_BLOB 7u
#define CC_BLOB_MAGIC 0x45444D41u
#define CC_SETUP_DATA_OFFSET 0x40u /* in the blob's page */

struct cc_blob {
	uint32_t magic;
	uint16_t version;
	uint16_t reserved;
	uint64_t secrets_gpa;
	uint32_t secrets_size;
	uint32_t reserved_1;
	uint64_t cpuid_gpa;
	uint32_t cpuid_size;
	uint32_t reserved_2;
};
_Static_assert(sizeof(struct cc_blob) == 40, "CC blob");

struct cc_setup_data {
	uint64_t next;
	uint32_t type;
	uint32_t length; /* of what follows */
	uint32_t blob_gpa;
};

static void put_u32(uint8_t *params, uint32_t offset, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	memcpy(params + offset, &narrow, sizeof(narrow));
}

static void put_u64(uint8_t *params, uint32_t offset, uint64_t value)
{
	memcpy(params + offset, &value, sizeof(value));
}

static int check_kernel(const struct bzimage *kernel, const char *path, uint64_t region_gpa)
{
	if (!is_aligned(GUEST_KERNEL, kernel->alignment) ||
	    (!kernel->relocatable && kernel->pref_address != GUEST_KERNEL)) {
		report("kernel %s: cannot be loaded at 0x%" PRIx64 ": it wants 0x%" PRIx64 ", alignment 0x%" PRIx32,
		       path, (uint64_t)GUEST_KERNEL, kernel->pref_address, kernel->alignment);
		return ERR_INVALID;
	}
	if (kernel->init_size > GUEST_INITRD - GUEST_KERNEL) {
		report("kernel %s: too large: needs %" PRIu32 " KiB, %" PRIu64 " KiB are free below the initrd", path,
		       kernel->init_size / 1024, (uint64_t)(GUEST_INITRD - GUEST_KERNEL) / 1024);
		return ERR_INVALID;
	}
	if (ranges_overlap(GUEST_KERNEL, kernel->init_size, region_gpa, MONITOR_SIZE)) {
		report("kernel %s: unpacks itself to 0x%" PRIx64 "-0x%" PRIx64 ", over the monitor at 0x%" PRIx64, path,
		       (uint64_t)GUEST_KERNEL, (uint64_t)GUEST_KERNEL + kernel->init_size - 1, region_gpa);
		return ERR_INVALID;
	}
	return 0;
}

static int add_command_line(struct layout *layout, const struct bzimage *kernel, const char *command_line)
{
	size_t length = strlen(command_line);
	size_t most = kernel->cmdline_size < PAGE_SIZE - 1 ? kernel->cmdline_size : PAGE_SIZE - 1;

	if (length > most) {
		report("kernel command line is too long: %zu bytes, at most %zu", length, most);
		return ERR_INVALID;
	}
	return guest_add_content(layout, GUEST_COMMAND_LINE, command_line, length + 1, 0, "command line");
}

static int add_initrd(struct layout *layout, const struct bzimage *kernel, const char *path, uint8_t *params)
{
	uint64_t limit = (uint64_t)kernel->initrd_addr_max + 1;
	struct blob initrd;
	int result;

	if (blob_read(&initrd, "initrd", path) != 0)
		return ERR_INVALID;
	if (limit > GUEST_LOW_END)
		limit = GUEST_LOW_END;
	if (!range_within(GUEST_INITRD, initrd.size, 0, limit)) {
		report("initrd %s: too large: %zu bytes, must end below 0x%" PRIx64 " when loaded at 0x%" PRIx64, path,
		       initrd.size, limit, (uint64_t)GUEST_INITRD);
		blob_free(&initrd);
		return ERR_INVALID;
	}
	put_u32(params, BZIMAGE_OFF_RAMDISK_IMAGE, GUEST_INITRD);
	put_u32(params, BZIMAGE_OFF_RAMDISK_SIZE, initrd.size);
	result = guest_add_content(layout, GUEST_INITRD, initrd.data, initrd.size, 0, "initrd");
	blob_free(&initrd);
	return result;
}

static int add_cc_blob(struct layout *layout)
{
	const struct cc_blob blob = {
		.magic = CC_BLOB_MAGIC,
		.version = 1,
		.secrets_gpa = GUEST_SECRETS,
		.secrets_size = PAGE_SIZE,
		.cpuid_gpa = GUEST_CPUID,
		.cpuid_size = PAGE_SIZE,
	};
	const struct cc_setup_data data = {
		.type = SETUP_CC_BLOB,
		.length = sizeof(data.blob_gpa),
		.blob_gpa = (uint32_t)GUEST_CC_BLOB,
	};
	uint8_t page[CC_SETUP_DATA_OFFSET + sizeof(data)] = { 0 };

	memcpy(page, &blob, sizeof(blob));
	memcpy(page + CC_SETUP_DATA_OFFSET, &data, sizeof(data));
	/* RAM in the guest's map: Linux reserves setup_data itself, and maps it unencrypted when it is not RAM (6.12). */
	return guest_add_content(layout, GUEST_CC_BLOB, page, sizeof(page), 0, "CC blob");
}

static int add_acpi(struct layout *layout)
{
	uint8_t page[PAGE_SIZE];

	acpi_build(page, GUEST_ACPI, GUEST_MADT);
	if (guest_add_content(layout, GUEST_ACPI, page, sizeof(page), LAUNCH_RANGE_FLAG_ACPI, "ACPI tables") != 0)
		return ERR_INVALID;
	return launch_range_add(&layout->block, GUEST_MADT, PAGE_SIZE, LAUNCH_RANGE_MADT, LAUNCH_RANGE_FLAG_ACPI);
}

static void fill_params(uint8_t *params, const struct bzimage *kernel, const uint8_t *kernel_file)
{
	memcpy(params + BZIMAGE_OFF_SETUP_HEADER, kernel_file + BZIMAGE_OFF_SETUP_HEADER,
	       kernel->header_end - BZIMAGE_OFF_SETUP_HEADER);
	params[BZIMAGE_OFF_TYPE_OF_LOADER] = LOADER_UNDEFINED;
	params[BZIMAGE_OFF_LOADFLAGS] |= BZIMAGE_LOADED_HIGH;
	put_u32(params, BZIMAGE_OFF_CODE32_START, GUEST_KERNEL);
	put_u32(params, BZIMAGE_OFF_RAMDISK_IMAGE, 0);
	put_u32(params, BZIMAGE_OFF_RAMDISK_SIZE, 0);
	put_u32(params, BZIMAGE_OFF_CMD_LINE_PTR, GUEST_COMMAND_LINE);
	put_u64(params, BZIMAGE_OFF_SETUP_DATA, GUEST_CC_BLOB + CC_SETUP_DATA_OFFSET);
	put_u64(params, PARAMS_ACPI_RSDP, GUEST_ACPI);
}

static int add_kernel(struct layout *layout, const struct linux_input *input, const struct blob *file)
{
	uint8_t params[PAGE_SIZE] = { 0 };
	struct bzimage_error error;
	struct bzimage kernel;

	if (bzimage_open(&kernel, file->data, file->size, &error) != 0) {
		report("kernel %s: %s (at offset 0x%" PRIx64 ")", input->kernel_path, error.text, error.offset);
		return ERR_FORMAT;
	}
	if (check_kernel(&kernel, input->kernel_path, layout->recipe->region_gpa) != 0)
		return ERR_INVALID;
	fill_params(params, &kernel, file->data);
	if (add_command_line(layout, &kernel, input->command_line) != 0 ||
	    guest_add_content(layout, GUEST_KERNEL, file->data + kernel.kernel_offset, kernel.kernel_size, 0,
			      "kernel") != 0)
		return ERR_INVALID;
	if (input->initrd_path && add_initrd(layout, &kernel, input->initrd_path, params) != 0)
		return ERR_INVALID;
	return guest_add_content(layout, GUEST_BOOT_PARAMS, params, sizeof(params), 0, "boot parameters");
}

int guest_add_linux(struct layout *layout, const struct linux_input *input)
{
	struct blob file;
	int result;

	if (blob_read(&file, "kernel", input->kernel_path) != 0)
		return ERR_INVALID;
	result = add_kernel(layout, input, &file);
	blob_free(&file);
	if (result != 0)
		return result;
	layout->block.flags |= LAUNCH_FLAG_VALIDATE_ALL;
	layout->block.map_kind = LAUNCH_MAP_E820;
	layout->block.map_gpa = GUEST_BOOT_PARAMS;
	layout->guest_vmsa.rsi = GUEST_BOOT_PARAMS;
	if (add_cc_blob(layout) != 0 || add_acpi(layout) != 0)
		return ERR_INVALID;
	return guest_add_common(layout, GUEST_KERNEL + BZIMAGE_ENTRY_64);
}
