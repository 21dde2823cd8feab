/* SPDX-License-Identifier: MIT */
#include "nutshell/host/fw_cfg.h"

#include "lib/bzimage.h"
#include "lib/string.h"
#include "nutshell/asm.h"
#include "nutshell/host/attack.h"
#include "nutshell/host/host.h"

#define KEY_VERSION 0x01u
#define VERSION_WITHOUT_DMA 1u
#define KEY_PROCESSORS 0x05u
#define KEY_KERNEL_ADDRESS 0x07u
#define KEY_KERNEL_SIZE 0x08u
#define KEY_INITRD_ADDRESS 0x0Au
#define KEY_INITRD_SIZE 0x0Bu
#define KEY_KERNEL_ENTRY 0x10u
#define KEY_KERNEL_DATA 0x11u
#define KEY_INITRD_DATA 0x12u
#define KEY_COMMAND_LINE_ADDRESS 0x13u
#define KEY_COMMAND_LINE_SIZE 0x14u
#define KEY_COMMAND_LINE_DATA 0x15u
#define KEY_SETUP_ADDRESS 0x16u
#define KEY_SETUP_SIZE 0x17u
#define KEY_SETUP_DATA 0x18u
#define KEY_DIRECTORY 0x19u

#define NAME_SIZE 56u
#define DIRECTORY_MAX 128u
#define E820_MAX 4096u
#define E820_SIZE 20u
#define FOUR_GIB 0x100000000ull
#define SETUP_UNIT 512u
#define SETUP_SECTORS_DEFAULT 4u

#define DMA_ERROR 0x01u
#define DMA_READ 0x02u
#define DMA_SKIP 0x04u
#define DMA_SELECT 0x08u
#define DMA_WRITE 0x10u

struct directory_entry {
	uint8_t size[4], key[2], reserved[2]; /* big-endian */
	char name[NAME_SIZE];
};
_Static_assert(sizeof(struct directory_entry) == 64, "directory entry");

struct dma_request {
	uint8_t control[4], length[4], address[8]; /* big-endian */
};

/* A file of QEMU's; key 0: there is none. */
struct file {
	uint16_t key;
	uint32_t size;
};

struct directory {
	uint8_t count[4];
	struct directory_entry entry[DIRECTORY_MAX];
};

/* What QEMU writes to lies in memory of which Nutshell knows the physical address. */
static struct own {
	struct dma_request request;
	uint8_t header[BZIMAGE_OFF_MAGIC + sizeof(uint32_t)]; /* of the kernel */
	uint8_t e820[E820_MAX];
	struct directory directory;
} *own;
static uint32_t directory_size;
static struct file e820_file, kernel, initrd, command_line, attack;
static uint32_t setup_size; /* of the kernel: what comes before its protected-mode code */

/* What is selected: bytes of Nutshell's own, or a part of an item of QEMU's. */
static const uint8_t *item_bytes;
static uint64_t item_size;
static uint64_t position;

static uint64_t dma_address;

/* ---- QEMU's side ---- */

static uint64_t physical(const void *pointer)
{
	return (uint64_t)((uintptr_t)pointer - (uintptr_t)phys_to_virt(0));
}

static uint64_t get_be(const uint8_t *from, uint32_t size)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < size; i++)
		value = value << 8 | from[i];
	return value;
}

static void put_be(uint8_t *to, uint32_t size, uint64_t value)
{
	for (uint32_t i = size; i > 0; i--, value >>= 8)
		to[i - 1u] = (uint8_t)value;
}

/*
 * Reads (or, with to NULL, skips) the next bytes of the item that is selected in QEMU. It is done when OUT is. to points
 * into memory that phys_to_virt() or machine_alloc_pages() gave, not into Nutshell's image.
 */
static void qemu_dma(uint8_t *to, uint64_t size)
{
	uint64_t at = physical(&own->request);
	uint8_t low[4];

	put_be(own->request.control, 4, to == NULL ? DMA_SKIP : DMA_READ);
	put_be(own->request.length, 4, size);
	put_be(own->request.address, 8, to == NULL ? 0 : physical(to));
	put_be(low, 4, at);
	asm_out32(FW_CFG_PORT_DMA, __builtin_bswap32((uint32_t)(at >> 32)));
	asm_out32(FW_CFG_PORT_DMA_LOW, __builtin_bswap32((uint32_t)at));
}

static void qemu_read(uint16_t key, uint64_t offset, void *to, uint64_t size)
{
	asm_out16(FW_CFG_PORT_SELECT, key);
	if (offset != 0)
		qemu_dma(NULL, offset);
	qemu_dma(to, size);
}

/* ---- what is read once ---- */

static bool starts_with(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

/* Files that are about Nutshell's own start, or that the guest gets in another way. */
static bool is_hidden(const char *name)
{
	return starts_with(name, "opt/nutshell/") || starts_with(name, "etc/boot/") || starts_with(name, "genroms/") ||
	       starts_with(name, "bootorder");
}

static struct file *wanted_file(const char *name)
{
	static const struct {
		const char *name;
		struct file *file;
	} wanted[] = { { "etc/e820", &e820_file },
		       { "opt/nutshell/kernel", &kernel },
		       { "opt/nutshell/initrd", &initrd },
		       { "opt/nutshell/cmdline", &command_line },
		       { "opt/nutshell/attack", &attack } };

	for (uint32_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (strncmp(name, wanted[i].name, NAME_SIZE) == 0)
			return wanted[i].file;
	}
	return NULL;
}

/* Keeps the entries that the guest may see, in their order. */
static void read_directory(void)
{
	struct directory *directory = &own->directory;
	uint32_t count, kept = 0;

	asm_out16(FW_CFG_PORT_SELECT, KEY_DIRECTORY);
	qemu_dma(directory->count, sizeof(directory->count));
	count = (uint32_t)get_be(directory->count, sizeof(directory->count));
	if (count > DIRECTORY_MAX)
		machine_stop(STOP_LAUNCH, "QEMU's fw_cfg has %u files; Nutshell supports %u", count, DIRECTORY_MAX);
	if (count != 0)
		qemu_dma((uint8_t *)directory->entry, count * sizeof(directory->entry[0]));
	for (uint32_t i = 0; i < count; i++) {
		struct directory_entry entry = directory->entry[i];
		struct file *file = wanted_file(entry.name);

		if (file != NULL)
			*file = (struct file){ (uint16_t)get_be(entry.key, 2), (uint32_t)get_be(entry.size, 4) };
		if (!is_hidden(entry.name))
			directory->entry[kept++] = entry;
	}
	put_be(directory->count, sizeof(directory->count), kept);
	directory_size = (uint32_t)(sizeof(directory->count) + kept * sizeof(directory->entry[0]));
}

/* Where RAM that starts here ends for the guest: the rest is Nutshell's, or more than the guest is to have. */
static uint64_t ram_end(uint64_t start, uint64_t end)
{
	uint64_t limit = start < FOUR_GIB ? machine_low_ram_end() : machine_high_ram_end();

	if (start < FOUR_GIB ? end > FOUR_GIB : start != FOUR_GIB)
		return end;
	return start < limit && end > limit ? limit : end;
}

static void read_e820(void)
{
	if (e820_file.key == 0 || e820_file.size > E820_MAX) {
		e820_file = (struct file){ 0, 0 };
		return;
	}
	qemu_read(e820_file.key, 0, own->e820, e820_file.size);
	for (uint32_t at = 0; at + E820_SIZE <= e820_file.size; at += E820_SIZE) {
		uint64_t start, size;

		memcpy(&start, own->e820 + at, sizeof(start));
		memcpy(&size, own->e820 + at + 8, sizeof(size));
		size = ram_end(start, start + size) - start;
		memcpy(own->e820 + at + 8, &size, sizeof(size));
	}
}

/* A bzImage is handed over in two parts, as QEMU does it; any other file (an EFI program) is all second part. */
static void read_kernel_header(void)
{
	uint8_t *header = own->header;
	uint32_t magic, sectors;

	setup_size = 0;
	if (kernel.key == 0 || kernel.size < sizeof(own->header))
		return;
	qemu_read(kernel.key, 0, header, sizeof(own->header));
	memcpy(&magic, header + BZIMAGE_OFF_MAGIC, sizeof(magic));
	if (magic != BZIMAGE_MAGIC)
		return;
	sectors = header[BZIMAGE_OFF_SETUP_SECTS] == 0 ? SETUP_SECTORS_DEFAULT : header[BZIMAGE_OFF_SETUP_SECTS];
	setup_size = (sectors + 1u) * SETUP_UNIT;
	if (setup_size > kernel.size)
		setup_size = kernel.size;
}

/* Once: a reset of the guest does not start an attack anew. */
static void read_attack(void)
{
	uint8_t *text;

	if (attack.key == 0 || attack_enabled)
		return;
	if (attack.size > ATTACK_SIZE_MAX)
		machine_stop(STOP_LAUNCH, "the attack is longer than %u bytes", ATTACK_SIZE_MAX);
	text = machine_alloc_pages(align_up(attack.size + 1ull, PAGE_SIZE) / PAGE_SIZE);
	qemu_read(attack.key, 0, text, attack.size);
	attack_init((const char *)text, attack.size);
}

void fw_cfg_init(void)
{
	if (own == NULL)
		own = machine_alloc_pages(align_up(sizeof(*own), PAGE_SIZE) / PAGE_SIZE);
	e820_file = kernel = initrd = command_line = attack = (struct file){ 0, 0 };
	dma_address = 0;
	read_directory();
	read_e820();
	read_kernel_header();
	read_attack();
	fw_cfg_select(0);
}

uint32_t fw_cfg_processor_count(void)
{
	uint32_t count;

	asm_out16(FW_CFG_PORT_SELECT, KEY_PROCESSORS);
	count = asm_in8(FW_CFG_PORT_DATA);
	return count | (uint32_t)asm_in8(FW_CFG_PORT_DATA) << 8;
}

/* ---- the guest's side ---- */

static void choose_bytes(const void *bytes, uint64_t size)
{
	item_bytes = bytes;
	item_size = size;
}

static void choose_number(uint32_t number)
{
	static uint32_t value; /* little-endian, as these items are */

	value = number;
	choose_bytes(&value, sizeof(value));
}

/* Size bytes of a file of QEMU's from offset on; what lies behind the file's end reads as zero. */
static void choose_file(const struct file *file, uint64_t offset, uint64_t size)
{
	item_bytes = NULL;
	item_size = file->key == 0 ? 0 : size;
	asm_out16(FW_CFG_PORT_SELECT, file->key);
	if (offset != 0 && file->key != 0)
		qemu_dma(NULL, offset);
}

static uint32_t command_line_size(void)
{
	return command_line.key == 0 ? 0 : command_line.size + 1u; /* with the NUL that the file does not have */
}

void fw_cfg_select(uint16_t key)
{
	const struct file other = { key, 0 };

	position = 0;
	machine_trace("fw_cfg: item 0x%x", key);
	switch (key) {
	case KEY_VERSION:
		if (!options.no_dma)
			break;
		choose_number(VERSION_WITHOUT_DMA);
		return;
	case KEY_DIRECTORY:
		choose_bytes(&own->directory, directory_size);
		return;
	case KEY_KERNEL_SIZE:
		choose_number(kernel.size - setup_size);
		return;
	case KEY_SETUP_SIZE:
		choose_number(setup_size);
		return;
	case KEY_INITRD_SIZE:
		choose_number(initrd.size);
		return;
	case KEY_COMMAND_LINE_SIZE:
		choose_number(command_line_size());
		return;
	case KEY_KERNEL_DATA:
		choose_file(&kernel, setup_size, kernel.size - setup_size);
		return;
	case KEY_SETUP_DATA:
		choose_file(&kernel, 0, setup_size);
		return;
	case KEY_INITRD_DATA:
		choose_file(&initrd, 0, initrd.size);
		return;
	case KEY_COMMAND_LINE_DATA:
		choose_file(&command_line, 0, command_line_size());
		return;
	case KEY_KERNEL_ADDRESS:
	case KEY_KERNEL_ENTRY:
	case KEY_INITRD_ADDRESS:
	case KEY_COMMAND_LINE_ADDRESS:
	case KEY_SETUP_ADDRESS:
		choose_number(0);
		return;
	default:
		break;
	}
	if (e820_file.key != 0 && key == e820_file.key) {
		choose_bytes(own->e820, e820_file.size);
		return;
	}
	choose_file(&other, 0, ~0ull); /* QEMU knows where it ends */
	item_size = ~0ull;
}

static uint64_t left_of_item(uint64_t wanted)
{
	uint64_t left = position < item_size ? item_size - position : 0;

	return wanted < left ? wanted : left;
}

/* The next bytes of the item to host memory; zeros behind its end. */
static void read_bytes(uint8_t *to, uint64_t size)
{
	uint64_t there = left_of_item(size);

	if (item_bytes != NULL)
		memcpy(to, item_bytes + position, there);
	else if (there != 0)
		qemu_dma(to, there);
	memset(to + there, 0, size - there);
	position += size;
}

static void skip_bytes(uint64_t size)
{
	uint64_t there = left_of_item(size);

	if (item_bytes == NULL && there != 0)
		qemu_dma(NULL, there);
	position += size;
}

uint8_t fw_cfg_read(void)
{
	uint8_t value = 0;

	if (left_of_item(1) == 0)
		return 0;
	if (item_bytes != NULL)
		value = item_bytes[position];
	else
		value = asm_in8(FW_CFG_PORT_DATA);
	position++;
	return value;
}

/* ---- DMA ---- */

/* Host memory behind [gpa, gpa + *size): as much of it as lies in one piece, at least up to the end of the page. */
static uint8_t *find_run(uint64_t gpa, uint64_t *size)
{
	uint8_t *first = host_shared_page(gpa);
	uint64_t length = PAGE_SIZE - (gpa & PAGE_MASK);

	if (first == NULL)
		return NULL;
	first += gpa & PAGE_MASK;
	while (length < *size && host_shared_page(gpa + length) == first + length)
		length += PAGE_SIZE;
	if (length < *size)
		*size = length;
	return first;
}

/* False when some of it is not the host's memory. */
static bool transfer(uint64_t gpa, uint64_t size)
{
	while (size > 0) {
		uint64_t length = size;
		uint8_t *to = find_run(gpa, &length);

		if (to == NULL)
			return false;
		read_bytes(to, length);
		gpa += length;
		size -= length;
	}
	return true;
}

static bool run_request(const struct dma_request *request)
{
	uint32_t control = (uint32_t)get_be(request->control, 4);
	uint64_t length = get_be(request->length, 4);

	machine_trace("fw_cfg: DMA 0x%x of 0x%llx bytes to 0x%llx", control, (unsigned long long)length,
		      (unsigned long long)get_be(request->address, 8));
	if ((control & DMA_SELECT) != 0)
		fw_cfg_select((uint16_t)(control >> 16));
	if ((control & DMA_READ) != 0)
		return range_within(get_be(request->address, 8), length, 0, ~0ull) &&
		       transfer(get_be(request->address, 8), length);
	if ((control & DMA_WRITE) != 0)
		return false;
	if ((control & DMA_SKIP) != 0)
		skip_bytes(length);
	return true;
}

/* The request may lie across two pages: it is copied before it is looked at, and only its first word is answered. */
static void start_dma(uint64_t gpa)
{
	struct dma_request request;
	uint8_t answer[4];

	for (uint32_t i = 0; i < sizeof(request); i++) {
		const uint8_t *page = host_shared_page(gpa + i); /* NULL, too, where an address wraps */

		if (page == NULL) {
			machine_trace("fw_cfg: the DMA request at 0x%llx is not in shared memory",
				      (unsigned long long)gpa);
			return;
		}
		((uint8_t *)&request)[i] = page[(gpa + i) & PAGE_MASK];
	}
	put_be(answer, sizeof(answer), run_request(&request) ? 0 : DMA_ERROR);
	for (uint32_t i = 0; i < sizeof(answer); i++)
		host_shared_page(gpa + i)[(gpa + i) & PAGE_MASK] = answer[i];
}

void fw_cfg_dma_write(uint16_t port, uint32_t value)
{
	uint64_t half = __builtin_bswap32(value);

	if (port == FW_CFG_PORT_DMA) {
		dma_address = half << 32;
		return;
	}
	start_dma(dma_address | half);
	dma_address = 0;
}
