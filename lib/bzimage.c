/* SPDX-License-Identifier: MIT */
#include "lib/bzimage.h"

#include "lib/string.h"

#define SECTOR_SIZE 512u
#define BOOT_FLAG 0xAA55u

static int fail(struct bzimage_error *error, int code, const char *text, uint64_t offset)
{
	error->text = text;
	error->offset = offset;
	return code;
}

static uint16_t read_u16(const uint8_t *data, uint32_t offset)
{
	uint16_t value;

	memcpy(&value, data + offset, sizeof(value));
	return value;
}

static uint32_t read_u32(const uint8_t *data, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, data + offset, sizeof(value));
	return value;
}

static int check_kind(struct bzimage *image, const uint8_t *bytes, struct bzimage_error *error)
{
	if (read_u16(bytes, BZIMAGE_OFF_BOOT_FLAG) != BOOT_FLAG)
		return fail(error, ERR_FORMAT, "not a Linux bzImage: no boot flag", BZIMAGE_OFF_BOOT_FLAG);
	if (read_u32(bytes, BZIMAGE_OFF_MAGIC) != BZIMAGE_MAGIC)
		return fail(error, ERR_FORMAT, "not a Linux bzImage: no boot header", BZIMAGE_OFF_MAGIC);
	image->version = read_u16(bytes, BZIMAGE_OFF_VERSION);
	if (image->version < BZIMAGE_PROTOCOL_MIN)
		return fail(error, ERR_UNSUPPORTED, "kernel is too old: boot protocol 2.12 is needed",
			    BZIMAGE_OFF_VERSION);
	if ((bytes[BZIMAGE_OFF_LOADFLAGS] & BZIMAGE_LOADED_HIGH) == 0)
		return fail(error, ERR_UNSUPPORTED, "kernel is a zImage, not a bzImage", BZIMAGE_OFF_LOADFLAGS);
	if ((read_u16(bytes, BZIMAGE_OFF_XLOADFLAGS) & BZIMAGE_XLF_KERNEL_64) == 0)
		return fail(error, ERR_UNSUPPORTED, "kernel has no 64-bit entry point", BZIMAGE_OFF_XLOADFLAGS);
	return 0;
}

static int check_sizes(struct bzimage *image, const uint8_t *bytes, uint64_t size, struct bzimage_error *error)
{
	uint32_t setup_sects = bytes[BZIMAGE_OFF_SETUP_SECTS];

	image->header_end = BZIMAGE_OFF_MAGIC + bytes[BZIMAGE_OFF_JUMP_LENGTH];
	if (image->header_end < BZIMAGE_OFF_INIT_SIZE + sizeof(uint32_t) || image->header_end > BZIMAGE_HEADER_END_MAX)
		return fail(error, ERR_FORMAT, "boot header has an impossible length", BZIMAGE_OFF_JUMP_LENGTH);
	if (setup_sects == 0)
		setup_sects = 4; /* the protocol says so, for very old images */
	image->kernel_offset = (uint64_t)(setup_sects + 1u) * SECTOR_SIZE;
	if (image->kernel_offset >= size)
		return fail(error, ERR_FORMAT, "kernel is cut off: nothing behind the setup sectors", size);
	image->kernel_size = size - image->kernel_offset;
	if (image->kernel_size <= BZIMAGE_ENTRY_64)
		return fail(error, ERR_FORMAT, "kernel is cut off before its entry point", size);
	if (image->kernel_size / 16u < read_u32(bytes, BZIMAGE_OFF_SYSSIZE))
		return fail(error, ERR_FORMAT, "kernel is cut off: shorter than its header says", size);
	if (image->init_size < image->kernel_size)
		return fail(error, ERR_FORMAT, "kernel is larger than the memory it asks for", BZIMAGE_OFF_INIT_SIZE);
	if (image->alignment == 0 || (image->alignment & (image->alignment - 1u)) != 0)
		return fail(error, ERR_FORMAT, "alignment is not a power of two", BZIMAGE_OFF_KERNEL_ALIGNMENT);
	return 0;
}

int bzimage_open(struct bzimage *image, const void *data, uint64_t size, struct bzimage_error *error)
{
	const uint8_t *bytes = data;
	int result;

	if (size < BZIMAGE_HEADER_END_MAX)
		return fail(error, ERR_FORMAT, "not a Linux bzImage: too short", size);
	result = check_kind(image, bytes, error);
	if (result != 0)
		return result;
	image->relocatable = bytes[BZIMAGE_OFF_RELOCATABLE] != 0;
	image->alignment = read_u32(bytes, BZIMAGE_OFF_KERNEL_ALIGNMENT);
	image->init_size = read_u32(bytes, BZIMAGE_OFF_INIT_SIZE);
	image->cmdline_size = read_u32(bytes, BZIMAGE_OFF_CMDLINE_SIZE);
	image->initrd_addr_max = read_u32(bytes, BZIMAGE_OFF_INITRD_ADDR_MAX);
	memcpy(&image->pref_address, bytes + BZIMAGE_OFF_PREF_ADDRESS, sizeof(image->pref_address));
	return check_sizes(image, bytes, size, error);
}
