/* SPDX-License-Identifier: MIT */
/*
 * craft - breaks an IGVM file in one chosen way, with a checksum that fits (unless that is what is broken), so that
 * tests can see what a loader and a monitor say to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/igvm.h"
#include "lib/crc32.h"
#include "lib/types.h"

struct image {
	uint8_t *data;
	size_t size;
};

static void __noreturn die(const char *text, const char *detail)
{
	fprintf(stderr, "craft: %s%s%s\n", text, detail != NULL ? " " : "", detail != NULL ? detail : "");
	exit(1);
}

static struct igvm_fixed_header fixed(const struct image *image)
{
	struct igvm_fixed_header header;

	memcpy(&header, image->data, sizeof(header));
	return header;
}

static void set_checksum(struct image *image)
{
	struct igvm_fixed_header header = fixed(image);
	uint32_t crc;

	header.checksum = 0;
	memcpy(image->data, &header, sizeof(header));
	crc = crc32_extend(0, image->data, header.variable_header_offset);
	crc = crc32_extend(crc, image->data + header.variable_header_offset, header.variable_header_size);
	header.checksum = crc;
	memcpy(image->data, &header, sizeof(header));
}

/* Offset of the body of the n-th variable header of a type; its header lies 8 bytes before it. */
static size_t find(const struct image *image, uint32_t type, unsigned n)
{
	struct igvm_fixed_header header = fixed(image);
	size_t at = header.variable_header_offset, end = at + header.variable_header_size;

	while (at + sizeof(struct igvm_variable_header) <= end) {
		struct igvm_variable_header variable;

		memcpy(&variable, image->data + at, sizeof(variable));
		if (variable.type == type && n-- == 0)
			return at + sizeof(variable);
		at += sizeof(variable) + align_up(variable.length, 8);
	}
	die("the image lacks a variable header that this needs", NULL);
}

static size_t find_page(const struct image *image, uint16_t data_type)
{
	for (unsigned n = 0;; n++) {
		size_t at = find(image, IGVM_VHT_PAGE_DATA, n);
		struct igvm_page_data page;

		memcpy(&page, image->data + at, sizeof(page));
		if (page.data_type == data_type)
			return at;
	}
}

static void put_u32(struct image *image, size_t at, uint32_t value)
{
	memcpy(image->data + at, &value, sizeof(value));
}

static void put_u64(struct image *image, size_t at, uint64_t value)
{
	memcpy(image->data + at, &value, sizeof(value));
}

static void break_truncated(struct image *image)
{
	image->size /= 2;
}

static void break_headers_cut(struct image *image)
{
	image->size = 100;
}

static void break_empty(struct image *image)
{
	image->size = 0;
}

static void break_magic(struct image *image)
{
	image->data[0] ^= 0x20;
}

static void break_checksum(struct image *image)
{
	image->data[find(image, IGVM_VHT_PAGE_DATA, 0)] ^= 1;
}

static void break_version(struct image *image)
{
	put_u32(image, offsetof(struct igvm_fixed_header, format_version), 77);
	set_checksum(image);
}

static void break_header_size(struct image *image)
{
	put_u32(image, offsetof(struct igvm_fixed_header, variable_header_size), 0xFFFFFFF8u);
}

static void break_unknown_directive(struct image *image)
{
	put_u32(image, find(image, IGVM_VHT_ENVIRONMENT_INFO, 0) - 8, 0x3FEu);
	set_checksum(image);
}

static void break_overlap(struct image *image)
{
	size_t first = find(image, IGVM_VHT_PAGE_DATA, 0), second = find(image, IGVM_VHT_PAGE_DATA, 1);

	memcpy(image->data + second, image->data + first, sizeof(uint64_t));
	set_checksum(image);
}

static void break_unaligned(struct image *image)
{
	put_u64(image, find(image, IGVM_VHT_PAGE_DATA, 1), 0x123456);
	set_checksum(image);
}

static void break_outside_ram(struct image *image)
{
	put_u64(image, find(image, IGVM_VHT_PAGE_DATA, 0), 0x7F00000000ull);
	set_checksum(image);
}

static void break_file_offset(struct image *image)
{
	put_u32(image, find(image, IGVM_VHT_PAGE_DATA, 0) + offsetof(struct igvm_page_data, file_offset), 0xFFFFF000u);
	set_checksum(image);
}

/* The monitor finds a page of zeros where the security processor should have put the CPUID table. */
static void break_no_cpuid(struct image *image)
{
	size_t at = find_page(image, IGVM_PAGE_TYPE_CPUID_DATA);
	uint16_t normal = IGVM_PAGE_TYPE_NORMAL;

	memcpy(image->data + at + offsetof(struct igvm_page_data, data_type), &normal, sizeof(normal));
	put_u32(image, at + offsetof(struct igvm_page_data, file_offset), 0);
	set_checksum(image);
}

/* No platform of the file is SEV-SNP. */
static void break_platform(struct image *image)
{
	size_t at = find(image, IGVM_VHT_SUPPORTED_PLATFORM, 0);

	image->data[at + offsetof(struct igvm_supported_platform, platform_type)] = IGVM_PLATFORM_VSM;
	set_checksum(image);
}

static void break_vp_context(struct image *image)
{
	size_t at = find(image, IGVM_VHT_VP_CONTEXT, 0);

	put_u32(image, at + offsetof(struct igvm_vp_context, file_offset), 0xFFFFF000u);
	set_checksum(image);
}

static const struct way {
	const char *name;
	void (*apply)(struct image *image);
} ways[] = {
	{ "truncated", break_truncated },
	{ "headers-cut", break_headers_cut },
	{ "empty", break_empty },
	{ "magic", break_magic },
	{ "checksum", break_checksum },
	{ "version", break_version },
	{ "header-size", break_header_size },
	{ "unknown-directive", break_unknown_directive },
	{ "overlap", break_overlap },
	{ "unaligned", break_unaligned },
	{ "outside-ram", break_outside_ram },
	{ "file-offset", break_file_offset },
	{ "no-cpuid", break_no_cpuid },
	{ "platform", break_platform },
	{ "vp-context", break_vp_context },
};

static void read_image(struct image *image, const char *path)
{
	FILE *file = fopen(path, "rb");
	long size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 100 || fseek(file, 0, SEEK_SET) != 0)
		die("cannot read", path);
	image->size = (size_t)size;
	image->data = malloc(image->size);
	if (image->data == NULL || fread(image->data, 1, image->size, file) != image->size)
		die("cannot read", path);
	(void)fclose(file);
}

static void write_image(const struct image *image, const char *path)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL || fwrite(image->data, 1, image->size, file) != image->size || fclose(file) != 0)
		die("cannot write", path);
}

int main(int argc, char **argv)
{
	struct image image;

	if (argc != 4) {
		fputs("usage: craft IN.igvm WAY OUT.igvm\nways:", stderr);
		for (unsigned i = 0; i < ARRAY_SIZE(ways); i++)
			fprintf(stderr, " %s", ways[i].name);
		fputs("\n", stderr);
		return 2;
	}
	read_image(&image, argv[1]);
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcmp(ways[i].name, argv[2]) == 0) {
			ways[i].apply(&image);
			write_image(&image, argv[3]);
			free(image.data);
			return 0;
		}
	}
	die("no such way:", argv[2]);
}
