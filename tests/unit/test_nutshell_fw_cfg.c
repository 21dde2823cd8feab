/* SPDX-License-Identifier: MIT */
/* What a guest sees of QEMU's fw_cfg, by ports and by DMA; the device behind is that of tests/mock/nutshell.c. */
#include <string.h>

#include "lib/bzimage.h"
#include "nutshell/host/attack.h"
#include "nutshell/host/fw_cfg.h"
#include "tests/mock/nutshell.h"
#include "tests/unit/unit.h"

#define REQUEST 0x00120000ull
#define TARGET 0x00130000ull
#define READ 2u
#define SKIP 4u
#define SELECT 8u
#define WRITE 16u

enum { E820, NAMED, ROM, ORDER, KERNEL, INITRD, COMMAND_LINE, OTHER, FILES };

struct __attribute__((packed)) e820_entry {
	uint64_t start, size;
	uint32_t type;
};

static struct e820_entry e820[4];
static uint8_t kernel[0x2000], initrd[0x1234], other[100];
static struct mock_file files[FILES] = {
	[E820] = { "etc/e820", e820, sizeof(e820) },
	[NAMED] = { "etc/boot/kernel", "Nutshell", 8 },
	[ROM] = { "genroms/multiboot.bin", "rom", 3 },
	[ORDER] = { "bootorder", "/rom@genroms/multiboot.bin", 27 },
	[KERNEL] = { "opt/nutshell/kernel", kernel, sizeof(kernel) },
	[INITRD] = { "opt/nutshell/initrd", initrd, sizeof(initrd) },
	[COMMAND_LINE] = { "opt/nutshell/cmdline", "quiet", 5 },
	[OTHER] = { "opt/other", other, sizeof(other) },
};

static void put_kernel_header(uint8_t sectors)
{
	const uint32_t magic = BZIMAGE_MAGIC;

	memcpy(kernel + BZIMAGE_OFF_MAGIC, &magic, sizeof(magic));
	kernel[BZIMAGE_OFF_SETUP_SECTS] = sectors;
}

static void start(uint32_t count)
{
	for (uint32_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = (uint8_t)(i * 7u + i / 256u);
	memset(initrd, 0x1D, sizeof(initrd));
	for (uint32_t i = 0; i < sizeof(other); i++)
		other[i] = (uint8_t)(i + 1u);
	put_kernel_header(3);
	e820[0] = (struct e820_entry){ 0, 0x10000000, 1 };
	e820[1] = (struct e820_entry){ 0xFEFFC000, 0x4000, 2 };
	e820[2] = (struct e820_entry){ 0x100000000ull, 0x40000000, 1 };
	e820[3] = (struct e820_entry){ 0xFD00000000ull, 0x300000000ull, 2 };
	files[KERNEL].size = sizeof(kernel);
	mock_files = files;
	mock_file_count = count;
	mock_reset();
}

static uint32_t get_number(uint16_t key)
{
	uint32_t value = 0;

	fw_cfg_select(key);
	for (uint32_t i = 0; i < 4; i++)
		value |= (uint32_t)fw_cfg_read() << 8u * i;
	return value;
}

static void put_be(uint8_t *to, uint32_t size, uint64_t value)
{
	for (uint32_t i = size; i > 0; i--, value >>= 8)
		to[i - 1u] = (uint8_t)value;
}

/* Issues a request that lies at REQUEST; its first word afterwards. */
static uint32_t dma(uint32_t control, uint32_t length, uint64_t address)
{
	uint8_t *request = mock_ram(REQUEST);

	put_be(request, 4, control);
	put_be(request + 4, 4, length);
	put_be(request + 8, 8, address);
	fw_cfg_dma_write(FW_CFG_PORT_DMA, 0);
	fw_cfg_dma_write(FW_CFG_PORT_DMA_LOW, __builtin_bswap32((uint32_t)REQUEST));
	return (uint32_t)request[0] << 24 | (uint32_t)request[1] << 16 | (uint32_t)request[2] << 8 | request[3];
}

static uint32_t select_bits(uint16_t key)
{
	return SELECT | (uint32_t)key << 16;
}

TEST(directory_without_what_is_nutshells)
{
	char name[FILES][56], count[4], rest[8];
	uint32_t found;

	start(FILES);
	fw_cfg_select(0x19);
	for (uint32_t i = 0; i < 4; i++)
		count[i] = (char)fw_cfg_read();
	CHECK_EQ(count[3], 2);
	for (found = 0; found < 2; found++) {
		for (uint32_t i = 0; i < 8; i++)
			rest[i] = (char)fw_cfg_read();
		for (uint32_t i = 0; i < 56; i++)
			name[found][i] = (char)fw_cfg_read();
		CHECK_EQ(rest[5], found == 0 ? MOCK_FILE_KEY + E820 : MOCK_FILE_KEY + OTHER);
	}
	CHECK_TEXT(name[0], "etc/e820");
	CHECK_TEXT(name[1], "opt/other");
	for (uint32_t i = 0; i < 64; i++)
		CHECK_EQ(fw_cfg_read(), 0);
}

TEST(memory_map_ends_where_the_guests_ram_does)
{
	struct e820_entry seen[4];

	start(FILES);
	fw_cfg_select(MOCK_FILE_KEY + E820);
	for (uint32_t i = 0; i < sizeof(seen); i++)
		((uint8_t *)seen)[i] = fw_cfg_read();
	CHECK_EQ(seen[0].size, MOCK_LOW_END);
	CHECK(memcmp(&seen[1], &e820[1], sizeof(seen[1])) == 0);
	CHECK_EQ(seen[2].size, MOCK_HIGH_END - MOCK_HIGH_START);
	CHECK(memcmp(&seen[3], &e820[3], sizeof(seen[3])) == 0);
	CHECK_EQ(fw_cfg_read(), 0);
}

TEST(kernel_in_two_parts)
{
	start(FILES);
	CHECK_EQ(get_number(0x17), 4 * 512);
	CHECK_EQ(get_number(0x08), sizeof(kernel) - 4ull * 512);
	CHECK_EQ(get_number(0x0B), sizeof(initrd));
	CHECK_EQ(get_number(0x14), 6);
	CHECK_EQ(get_number(0x07), 0);
	CHECK_EQ(dma(select_bits(0x18) | READ, 4 * 512, TARGET), 0);
	CHECK(memcmp(mock_ram(TARGET), kernel, 4ull * 512) == 0);
	CHECK_EQ(fw_cfg_read(), 0);
	CHECK_EQ(dma(select_bits(0x11) | READ, 0x1000, TARGET), 0);
	CHECK(memcmp(mock_ram(TARGET), kernel + 4ull * 512, 0x1000) == 0);
	CHECK_EQ(dma(select_bits(0x15) | READ, 8, TARGET), 0);
	CHECK(memcmp(mock_ram(TARGET), "quiet\0\0\0", 8) == 0);
}

TEST(kernels_of_other_kinds)
{
	start(FILES);
	put_kernel_header(0);
	fw_cfg_init();
	CHECK_EQ(get_number(0x17), 5 * 512);
	kernel[BZIMAGE_OFF_MAGIC] = 0;
	fw_cfg_init();
	CHECK_EQ(get_number(0x17), 0);
	CHECK_EQ(get_number(0x08), sizeof(kernel));
	put_kernel_header(200);
	fw_cfg_init();
	CHECK_EQ(get_number(0x17), sizeof(kernel));
	CHECK_EQ(get_number(0x08), 0);
	files[KERNEL].size = 0x100;
	fw_cfg_init();
	CHECK_EQ(get_number(0x17), 0);
	CHECK_EQ(get_number(0x08), 0x100);
}

/* Never Nutshell's own kernel. */
TEST(no_kernel)
{
	static const uint16_t keys[] = { 0x08, 0x0B, 0x14, 0x17, 0x11, 0x12, 0x15, 0x18 };

	start(KERNEL);
	for (uint32_t i = 0; i < ARRAY_SIZE(keys); i++)
		CHECK_EQ(get_number(keys[i]), 0);
	start(0);
	CHECK_EQ(get_number(0x19), 0);
}

TEST(too_many_files)
{
	static struct mock_file many[129];

	for (uint32_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = files[OTHER];
	start(FILES);
	mock_files = many;
	mock_file_count = 128;
	fw_cfg_init();
	mock_file_count = 129;
	if (MOCK_STOPS()) {
		CHECK_EQ(mock_stop_status, STOP_LAUNCH);
	} else {
		fw_cfg_init();
		CHECK(false);
	}
}

TEST(dma_over_pages)
{
	uint64_t place = TARGET + PAGE_SIZE - 10u;

	start(FILES);
	CHECK_EQ(dma(select_bits(0x12) | READ, sizeof(initrd), place), 0);
	CHECK_EQ(mock_ram(place - 1u)[0], 0xA5);
	for (uint64_t i = 0; i < sizeof(initrd); i++)
		CHECK_EQ(mock_ram(place + i)[0], 0x1D);
	CHECK_EQ(mock_ram(place + sizeof(initrd))[0], 0xA5);
	/* The end of low RAM and the start of high RAM are neighbours only in this test's arrays. */
	CHECK_EQ(dma(select_bits(0x12) | READ, 0x200, MOCK_LOW_END - 0x100), 1);
	CHECK_EQ(mock_ram(MOCK_LOW_END - 1u)[0], 0x1D);
	CHECK_EQ(mock_ram(MOCK_HIGH_START)[0], 0xA5);
}

TEST(dma_goes_on_where_it_stopped)
{
	start(FILES);
	CHECK_EQ(dma(select_bits(MOCK_FILE_KEY + OTHER), 0, 0), 0);
	CHECK_EQ(dma(READ, 10, TARGET), 0);
	CHECK_EQ(dma(SKIP, 5, 0), 0);
	CHECK_EQ(fw_cfg_read(), 16);
	CHECK_EQ(dma(READ, 10, TARGET + 10), 0);
	CHECK(memcmp(mock_ram(TARGET), other, 10) == 0);
	CHECK(memcmp(mock_ram(TARGET + 10), other + 16, 10) == 0);
	/* Behind the end. */
	CHECK_EQ(dma(select_bits(0x12) | SKIP, 0xFFFFFFFF, 0), 0);
	CHECK_EQ(dma(READ, 10, TARGET), 0);
	CHECK_EQ(mock_ram(TARGET)[9], 0);
	CHECK_EQ(dma(select_bits(0x12) | SKIP, sizeof(initrd) - 3u, 0), 0);
	CHECK_EQ(dma(READ, 10, TARGET), 0);
	CHECK(memcmp(mock_ram(TARGET), "\x1D\x1D\x1D\0\0\0\0\0\0\0", 10) == 0);
}

TEST(dma_to_what_is_not_the_hosts)
{
	static const uint64_t bad[] = { TARGET,        TARGET - 0x1000 + 1u, 0xA0000, MOCK_LOW_END, MOCK_HIGH_END - 0xFFFu,
					0xFEE00000ull, MOCK_LAUNCH_VMSA,     ~0ull,   ~0ull - 0xFFEu, 1ull << 47 };

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		start(FILES);
		mock_give(TARGET);
		CHECK_EQ(dma(select_bits(0x12) | READ, 0x1000, bad[i]), 1);
		CHECK_EQ(mock_ram(TARGET)[0], 0xA5);
		CHECK(!mock_trespass);
	}
}

TEST(dma_request_that_is_not_the_hosts)
{
	uint8_t request[16];

	start(FILES);
	put_be(request, 4, select_bits(0x12) | READ);
	put_be(request + 4, 4, 16);
	put_be(request + 8, 8, TARGET);
	/* Across two pages, of which the second is private. */
	memcpy(mock_ram(REQUEST + PAGE_SIZE - 8u), request, 8);
	memcpy(mock_ram(REQUEST + PAGE_SIZE), request + 8, 8);
	fw_cfg_dma_write(FW_CFG_PORT_DMA_LOW, __builtin_bswap32((uint32_t)REQUEST + 0xFF8u));
	CHECK_EQ(mock_ram(TARGET)[15], 0x1D);
	CHECK_EQ(mock_ram(REQUEST + PAGE_SIZE - 8u)[3], 0);
	memset(mock_ram(TARGET), 0xA5, 16);
	memcpy(mock_ram(REQUEST + PAGE_SIZE - 8u), request, 8);
	mock_give(REQUEST + PAGE_SIZE);
	fw_cfg_dma_write(FW_CFG_PORT_DMA_LOW, __builtin_bswap32((uint32_t)REQUEST + 0xFF8u));
	CHECK_EQ(mock_ram(TARGET)[15], 0xA5);
	CHECK(memcmp(mock_ram(REQUEST + PAGE_SIZE - 8u), request, 8) == 0);
	/* At the end of the address space. */
	fw_cfg_dma_write(FW_CFG_PORT_DMA, ~0u);
	fw_cfg_dma_write(FW_CFG_PORT_DMA_LOW, __builtin_bswap32(0xFFFFFFF8u));
	CHECK(!mock_trespass);
}

TEST(dma_does_not_write_items)
{
	start(FILES);
	CHECK_EQ(dma(select_bits(MOCK_FILE_KEY + OTHER) | WRITE, 4, TARGET), 1);
	CHECK_EQ(other[0], 1);
}

/* By the ports, as a guest reaches it. */
TEST(ports)
{
	start(FILES);
	MOCK_SET(rax, MOCK_FILE_KEY + OTHER);
	CHECK(mock_event(SVM_EXIT_IOIO, 0x510ull << 16 | 2u << 4, 0));
	MOCK_SET(sw_scratch, MOCK_GHCB + 0x800u);
	CHECK(mock_event(SVM_EXIT_IOIO, 0x511ull << 16 | 1u << 4 | GHCB_IOIO_IN | GHCB_IOIO_STRING, sizeof(other)));
	CHECK(memcmp(mock_ghcb()->shared_buffer, other, sizeof(other)) == 0);
	put_be(mock_ram(REQUEST), 4, select_bits(0x12) | READ);
	put_be(mock_ram(REQUEST) + 4, 4, 4);
	put_be(mock_ram(REQUEST) + 8, 8, TARGET);
	MOCK_SET(rax, __builtin_bswap32((uint32_t)REQUEST));
	CHECK(mock_event(SVM_EXIT_IOIO, 0x518ull << 16 | 4u << 4, 0));
	CHECK_EQ(mock_ram(TARGET)[3], 0x1D);
}

TEST(without_dma)
{
	start(FILES);
	options.no_dma = true;
	CHECK_EQ(get_number(0x01), 1);
	CHECK_EQ(fw_cfg_read(), 0);
	options.no_dma = false;
}

/* An attack is taken over once, however often the guest is reset; one that is too long ends the machine. */
TEST(attacks)
{
	static char script[ATTACK_SIZE_MAX + 1];
	struct mock_file file = { "opt/nutshell/attack", "on mark 1 do share 0x5000\n", 26 };

	mock_files = &file;
	mock_file_count = 1;
	mock_reset();
	CHECK(attack_enabled);
	CHECK_TEXT(mock_log_text, "attack: 1 rules");
	mock_log_text[0] = '\0';
	ports_reset();
	CHECK_TEXT(mock_log_text, "");
	attack_enabled = false;
	memset(script, '\n', sizeof(script));
	file = (struct mock_file){ "opt/nutshell/attack", script, sizeof(script) };
	if (!MOCK_STOPS()) {
		ports_init();
		CHECK(false);
	}
	CHECK_EQ(mock_stop_status, STOP_LAUNCH);
	CHECK(!attack_enabled);
	file.size--;
	ports_init();
	CHECK_TEXT(mock_log_text, "attack: 0 rules");
	attack_enabled = false;
}
