#include "scheduler/room.h"

#include <gtest/gtest.h>

namespace embedq::scheduler {
namespace {

using namespace std::chrono_literals;

constexpr Room::Steady room_start{1h};

TEST(Room, BeginsWithWhatKeepsTheLanesBusy) {
    EXPECT_EQ(Room(256, 8'192).texts(), 256U);
    EXPECT_EQ(Room(256, 64).texts(), 64U) << "the process holds no more";
}

TEST(Room, IsTakenInPartsOfSomeSize) {
    const Room room(800, 8'192);
    EXPECT_EQ(room.left(0), 800U);
    EXPECT_EQ(room.left(600), 200U);
    EXPECT_EQ(room.left(701), 0U) << "less than an eighth";
    EXPECT_EQ(room.left(5'000), 0U) << "one spec may be larger than the room";
}

TEST(Room, DoublesWithEachTurnoverWhileTextsStayForAShortTime) {
    Room room(256, 8'192);
    for (int batch = 0; batch < 4; ++batch) room.answered(64, 256, room_start, room_start + 100ms);
    EXPECT_EQ(room.texts(), 512U);
    for (int batch = 0; batch < 1'000; ++batch) room.answered(64, room.texts(), room_start, room_start + 100ms);
    EXPECT_EQ(room.texts(), 8'192U);
}

TEST(Room, AQuietProcessDoesNotGrowItsRoom) {
    Room room(256, 8'192);
    for (int batch = 0; batch < 100; ++batch) room.answered(4, 4, room_start, room_start + 10ms);
    EXPECT_EQ(room.texts(), 256U);
}

TEST(Room, ShrinksOnceForWhatWasClaimedTogether) {
    Room room(100, 8'192);
    for (int batch = 0; batch < 100; ++batch) room.answered(50, room.texts(), room_start, room_start + 1s);
    ASSERT_EQ(room.texts(), 5'100U);
    room.answered(50, 5'100, room_start, room_start + 7'500ms);
    EXPECT_EQ(room.texts(), 3'400U) << "by what they stayed too long";
    room.answered(50, 5'050, room_start + 7s, room_start + 30s);
    EXPECT_EQ(room.texts(), 3'400U) << "they were claimed before";
    room.answered(50, 3'400, room_start + 8s, room_start + 100s);
    EXPECT_EQ(room.texts(), 1'700U) << "at most by half: a pause of the endpoint is no measure";
    for (int turn = 1; turn < 20; ++turn)
        room.answered(50, 100, room_start + 200s * turn, room_start + 200s * turn + 20s);
    EXPECT_EQ(room.texts(), 100U) << "never below the floor";
}

TEST(Room, StaysWhereTextsStayNeitherShortNorLong) {
    Room room(100, 8'192);
    room.answered(50, 100, room_start, room_start + 4s);
    EXPECT_EQ(room.texts(), 100U);
}

TEST(Room, WhatWasLearnedHoldsForOtherLimits) {
    Room old(100, 8'192);
    for (int batch = 0; batch < 10; ++batch) old.answered(50, old.texts(), room_start, room_start + 1s);
    Room next(400, 500);
    next.inherit(old);
    EXPECT_EQ(next.texts(), 500U);
}

}  // namespace
}  // namespace embedq::scheduler
