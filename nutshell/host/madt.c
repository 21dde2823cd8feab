/* SPDX-License-Identifier: MIT */
#include "nutshell/host/madt.h"

#include "lib/string.h"

#define HEADER_SIZE 44u
#define LOCAL_APIC_SIZE 8u
#define IO_APIC_SIZE 12u
#define OVERRIDE_SIZE 10u
#define NMI_SIZE 6u
#define LOCAL_APIC_ADDRESS 0xFEE00000u
#define IO_APIC_ADDRESS 0xFEC00000u
#define FOUR_GIB 0x100000000ull

static void put_u16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static uint8_t *put_override(uint8_t *at, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	at[0] = 2;
	at[1] = OVERRIDE_SIZE;
	at[3] = irq;
	put_u32(at + 4, gsi);
	put_u16(at + 8, flags);
	return at + OVERRIDE_SIZE;
}

static void put_header(uint8_t *out, uint32_t length)
{
	memcpy(out, "APIC", 4);
	put_u32(out + 4, length);
	out[8] = 3; /* revision */
	memcpy(out + 10, "CASHEW", 6);
	memcpy(out + 16, "NUTSHELL", 8);
	put_u32(out + 24, 1);
	memcpy(out + 28, "CSHW", 4);
	put_u32(out + 32, 1);
	put_u32(out + 36, LOCAL_APIC_ADDRESS);
	put_u32(out + 40, 1); /* a PC with 8259s */
}

uint32_t madt_build(uint8_t *out, uint64_t room, uint32_t count)
{
	uint32_t length = HEADER_SIZE + count * LOCAL_APIC_SIZE + IO_APIC_SIZE + 5u * OVERRIDE_SIZE + NMI_SIZE;
	uint8_t *at = out + HEADER_SIZE, sum = 0;

	if (length > room)
		return 0;
	memset(out, 0, length);
	put_header(out, length);
	for (uint32_t i = 0; i < count; i++, at += LOCAL_APIC_SIZE) {
		at[1] = LOCAL_APIC_SIZE;
		at[2] = (uint8_t)i;
		at[3] = (uint8_t)i;
		put_u32(at + 4, 1);
	}
	at[0] = 1;
	at[1] = IO_APIC_SIZE;
	put_u32(at + 4, IO_APIC_ADDRESS);
	at += IO_APIC_SIZE;
	at = put_override(at, 0, 2, 0);
	at = put_override(at, 5, 5, 0xD);
	at = put_override(at, 9, 9, 0xD);
	at = put_override(at, 10, 10, 0xD);
	at = put_override(at, 11, 11, 0xD);
	at[0] = 4; /* NMI on LINT1 of every processor */
	at[1] = NMI_SIZE;
	at[2] = 0xFF;
	at[5] = 1;
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + out[i]);
	out[9] = (uint8_t)(0u - sum);
	return length;
}

uint32_t memory_map_build(struct igvm_memory_map_entry *out, uint64_t room, uint64_t low_end, uint64_t high_end)
{
	uint32_t count = high_end > FOUR_GIB ? 2 : 1;

	if ((count + 1u) * sizeof(out[0]) > room)
		return 0;
	memset(out, 0, (count + 1u) * sizeof(out[0]));
	out[0].page_count = low_end / PAGE_SIZE;
	if (count == 2) {
		out[1].start_page = FOUR_GIB / PAGE_SIZE;
		out[1].page_count = (high_end - FOUR_GIB) / PAGE_SIZE;
	}
	return count;
}
