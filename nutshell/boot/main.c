/* SPDX-License-Identifier: MIT */
/* Nutshell's start: reads the multiboot information, moves to the top of RAM, sets up its own processor state. */
#include "lib/string.h"
#include "nutshell/asm.h"
#include "nutshell/machine.h"
#include "nutshell/start.h"

#define MULTIBOOT_MAGIC 0x2BADB002u
#define MULTIBOOT_COMMAND_LINE (1u << 2)
#define MULTIBOOT_MODULES (1u << 3)
#define MULTIBOOT_MEMORY_MAP (1u << 6)
#define MULTIBOOT_RAM 1u
#define FOUR_GIB 0x100000000ull
#define POOL_BASE (40ull << 20) /* 16 MiB for a monitor and 4 MiB for a firmware included */
#define POOL_PER_GIB (14ull << 20)
#define LOW_RAM_MIN (16ull << 20)
#define VECTOR_NMI 2u /* a kick that came too late: nothing to do */
#define GDT_ENTRIES 3u
#define IMAGE_PD_FIRST 16u /* the image is linked 32 MiB into its gigabyte */

struct multiboot_info {
	uint32_t flags, memory_lower, memory_upper, boot_device, command_line, module_count, modules;
	uint32_t symbols[4];
	uint32_t map_length, map;
};

struct __attribute__((packed)) multiboot_map_entry {
	uint32_t size;
	uint64_t start, length;
	uint32_t type;
};

struct multiboot_module {
	uint32_t start, end, text, reserved;
};

struct __attribute__((packed)) gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

extern uint8_t image_start[], image_end[];
extern uint64_t boot_pml4[], boot_pd_image[];
extern const uint64_t boot_gdt[];
extern const uint64_t boot_trap_table[32];
extern void boot_trap_other(void);
extern void boot_trap_nmi(void);


void boot_main(uint32_t magic, uint32_t info_address) __noreturn;
void boot_trap(uint64_t vector, uint64_t error, uint64_t rip) __noreturn;

static struct gate idt[256];
static char command_line[2048];

void boot_trap(uint64_t vector, uint64_t error, uint64_t rip)
{
	uint64_t cr2;

	__asm__ volatile("movq %%cr2, %0" : "=r"(cr2));
	machine_stop(STOP_INTERNAL, "exception %llu in Nutshell, error 0x%llx at 0x%llx, cr2 0x%llx",
		     (unsigned long long)vector, (unsigned long long)error, (unsigned long long)rip,
		     (unsigned long long)cr2);
}

void load_descriptor_tables(void)
{
	struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} idt_pointer = { sizeof(idt) - 1u, (uint64_t)(uintptr_t)idt },
	  gdt_pointer = { GDT_ENTRIES * sizeof(boot_gdt[0]) - 1u, (uint64_t)(uintptr_t)boot_gdt };

	__asm__ volatile("lgdt %0" : : "m"(gdt_pointer) : "memory");
	__asm__ volatile("lidt %0" : : "m"(idt_pointer) : "memory");
}

static void init_idt(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint64_t handler = i < 32 ? boot_trap_table[i] : (uint64_t)(uintptr_t)&boot_trap_other;

		if (i == VECTOR_NMI)
			handler = (uint64_t)(uintptr_t)&boot_trap_nmi;
		idt[i] = (struct gate){ .offset_low = (uint16_t)handler,
					.selector = 8,
					.type = 0x8E,
					.offset_middle = (uint16_t)(handler >> 16),
					.offset_high = (uint32_t)(handler >> 32) };
	}
	load_descriptor_tables();
}

static void find_ram(const struct multiboot_info *info, struct memory_layout *layout)
{
	uint32_t at = info->map;

	*layout = (struct memory_layout){ .high_end = FOUR_GIB };
	if ((info->flags & MULTIBOOT_MEMORY_MAP) == 0)
		machine_stop(STOP_LAUNCH, "the boot loader gives no memory map: start Nutshell with QEMU's -kernel");
	while (at < info->map + info->map_length) {
		const struct multiboot_map_entry *entry = phys_to_virt(at);
		uint64_t end = entry->start + entry->length;

		if (entry->type == MULTIBOOT_RAM && entry->start < FOUR_GIB && end > layout->hidden_end)
			layout->hidden_end = end;
		if (entry->type == MULTIBOOT_RAM && entry->start >= FOUR_GIB && end > layout->high_end)
			layout->high_end = end;
		at += entry->size + 4u;
	}
}

/*
 * Copies the image to its place, points the copied page tables at it and switches to them. Nothing may be written to
 * the stack between copy and switch, hence one block of instructions.
 */
static void move_image(uint64_t destination)
{
	uint64_t size = (uint64_t)(image_end - image_start);
	uint64_t offset = (uint64_t)((uint8_t *)boot_pd_image - image_start);
	uint64_t *new_pd = phys_to_virt(destination + offset);
	uint64_t root = destination + (uint64_t)((uint8_t *)boot_pml4 - image_start);
	uint64_t old = 0x2000000ull;
	uint64_t *new_root = phys_to_virt(root);
	uint64_t *new_pdpt = phys_to_virt(destination + offset - 4096);

	memcpy(phys_to_virt(destination), image_start, size);
	memset(new_pd, 0, 4096);
	for (uint64_t at = 0; at < size; at += PAGE_SIZE_2M)
		new_pd[IMAGE_PD_FIRST + at / PAGE_SIZE_2M] = (destination + at) | 0xE3;
	new_pdpt[510] = (destination + offset) | 3;
	new_root[511] = virt_to_phys_map(new_pdpt) | 3;
	new_root[256] = (destination + offset - 8192) | 3;
	/* The stack's pages once more, now with everything that was written since. */
	__asm__ volatile("rep movsb\n\tmovq %0, %%cr3"
			 :
			 : "r"(root), "S"((uint8_t *)phys_to_virt(old) + offset + 4096),
			   "D"((uint8_t *)phys_to_virt(destination) + offset + 4096), "c"(65536ull)
			 : "memory");
}

static void copy_command_line(const struct multiboot_info *info)
{
	const char *from = phys_to_virt(info->command_line);

	if ((info->flags & MULTIBOOT_COMMAND_LINE) == 0)
		return;
	for (uint32_t i = 0; i + 1 < sizeof(command_line) && from[i] != '\0'; i++)
		command_line[i] = from[i];
}

/* The guest gets no more RAM than it is to have; what is left over below 4 GiB stays Nutshell's. */
static void limit_ram(struct memory_layout *layout, uint64_t wanted)
{
	if (wanted == 0)
		return;
	if (layout->low_end > wanted)
		layout->low_end = align_down(wanted, PAGE_SIZE_2M);
	if (layout->high_end > FOUR_GIB + (wanted - layout->low_end))
		layout->high_end = FOUR_GIB + (wanted - layout->low_end);
}

static const struct multiboot_module *find_module(const struct multiboot_info *info)
{
	if ((info->flags & MULTIBOOT_MODULES) == 0 || info->module_count == 0)
		machine_stop(STOP_LAUNCH, "no IGVM file: give one with QEMU's -initrd");
	return phys_to_virt(info->modules);
}

void boot_main(uint32_t magic, uint32_t info_address)
{
	const struct multiboot_info *info = phys_to_virt(info_address);
	const struct multiboot_module *module;
	struct memory_layout layout;
	uint64_t image, file, igvm, needed;

	init_idt();
	if (magic != MULTIBOOT_MAGIC)
		machine_stop(STOP_LAUNCH, "not started by a multiboot loader: use QEMU's -kernel");
	cpu_check_features();
	find_ram(info, &layout);
	copy_command_line(info);
	module = find_module(info);
	file = module->end - module->start;
	image = align_up((uint64_t)(image_end - image_start), PAGE_SIZE_2M);
	needed = image + align_up(file, PAGE_SIZE) + POOL_BASE +
		 (layout.hidden_end + layout.high_end - FOUR_GIB) / 1024u * (POOL_PER_GIB / (1u << 20));
	if (layout.hidden_end < needed + LOW_RAM_MIN ||
	    align_down(layout.hidden_end - needed, PAGE_SIZE_2M) < align_up(module->end, PAGE_SIZE))
		machine_stop(STOP_LAUNCH, "too little RAM: %llu MiB, Nutshell alone needs %llu MiB: give QEMU more (-m)",
			     (unsigned long long)(layout.hidden_end >> 20), (unsigned long long)(needed >> 20) + 1u);
	layout.low_end = align_down(layout.hidden_end - needed, PAGE_SIZE_2M);
	limit_ram(&layout, options_ram(command_line));
	if (layout.low_end < LOW_RAM_MIN || layout.low_end < align_up(module->end, PAGE_SIZE))
		machine_stop(STOP_LAUNCH, "too little RAM for the guest: ram=%llu", (unsigned long long)(options_ram(command_line) >> 20));
	igvm = layout.low_end + image;
	memcpy(phys_to_virt(igvm), phys_to_virt(module->start), file);
	move_image(layout.low_end);
	load_descriptor_tables();
	memory_init(&layout, igvm + align_up(file, PAGE_SIZE));
	cpu_init();
	nutshell_main(command_line, phys_to_virt(igvm), file);
}
