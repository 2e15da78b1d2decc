import Base
import Synchronization
import TestSupport
import Testing

@Suite("The memory budget") struct MemoryBudgetTests {
  @Test("grants what is large up to its part, and leaves the rest to what is small") func parts() {
    let budget = MemoryBudget(limit: 4_000_000)
    #expect(budget.largeLimit == 3_000_000)
    var first: MemoryLease?
    var second: MemoryLease?
    #expect(budget.cover(2_000_000, by: &first))
    #expect(!budget.cover(1_000_001, by: &second))
    #expect(second == nil)
    #expect(budget.refusals == 1)
    #expect(budget.cover(1_000_000, by: &second))
    #expect(budget.held == 3_000_000)
    #expect(budget.isTight)
    #expect(!budget.grants(1))
    #expect(budget.admits(), "what is small goes on")
    var account = MemoryAccount(budget)
    account.add(1_000_000)
    #expect(!budget.admits())
    account.add(-1_000_000)
    #expect(budget.admits())
    first = nil
    second = nil
    #expect(budget.held == 0)
    #expect(!budget.isTight)
  }

  @Test("asks for nothing where little is held") func small() {
    let budget = MemoryBudget(limit: 0)
    var lease: MemoryLease?
    #expect(budget.cover(MemoryBudget.smallMax, by: &lease))
    #expect(lease == nil)
    #expect(budget.count(MemoryBudget.smallMax) == nil)
    #expect(!budget.cover(MemoryBudget.smallMax + 1, by: &lease))
    #expect(budget.refusals == 1)
  }

  @Test("counts what cannot be given up, whatever is left") func forced() {
    let budget = MemoryBudget(limit: 1_000_000)
    var lease = budget.count(5_000_000)
    #expect(budget.held == 5_000_000)
    #expect(!budget.admits())
    #expect(lease?.resize(to: 4_000_000) == true, "giving back never fails")
    #expect(lease?.resize(to: 4_000_001) == false)
    #expect(lease?.bytes == 4_000_000)
    lease = nil
    #expect(budget.held == 0)
  }

  @Test("a lease that was refused more keeps what it had") func refusedGrowth() {
    let budget = MemoryBudget(limit: 4_000_000)
    var lease: MemoryLease?
    #expect(budget.cover(1_000_000, by: &lease))
    #expect(!budget.cover(.max, by: &lease))
    #expect(lease?.bytes == 1_000_000 && budget.held == 1_000_000)
    #expect(budget.cover(-5, by: &lease))
    #expect(lease?.bytes == 0 && budget.held == 0)
  }

  @Test("is exact after any sequence of leases", arguments: 0..<20 as Range<UInt64>) func sequences(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let budget = MemoryBudget(limit: 10_000_000)
    var leases: [MemoryLease?] = Array(repeating: nil, count: 12)
    /// What each is expected to cover.
    var model = Array(repeating: 0, count: leases.count)
    var refusals = 0
    for _ in 0..<4_000 {
      let place = Int.random(in: leases.indices, using: &random)
      let bytes = Int.random(in: 0...(Bool.random(using: &random) ? 3_000_000 : 2 * MemoryBudget.smallMax), using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0:
        leases[place] = nil
        model[place] = 0
      case 1:
        leases[place] = budget.count(bytes)
        model[place] = bytes > MemoryBudget.smallMax ? bytes : 0
      default:
        let others = model.reduce(0, +) - model[place]
        let isNew = leases[place] == nil
        let isFree = isNew ? bytes <= MemoryBudget.smallMax : bytes <= model[place]
        let isGranted = budget.cover(bytes, by: &leases[place])
        #expect(isGranted == (isFree || others + bytes <= budget.largeLimit))
        if isGranted { model[place] = isNew && bytes <= MemoryBudget.smallMax ? 0 : bytes } else { refusals += 1 }
      }
      #expect(budget.held == model.reduce(0, +))
    }
    #expect(budget.refusals == refusals)
    #expect(refusals > 0)
    leases = []
    #expect(budget.held == 0)
  }

  @Test("an account is never further from the budget than its step, and ends even", arguments: 0..<10 as Range<UInt64>)
  func accounts(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let budget = MemoryBudget(limit: 1 << 40)
    do {
      var account = MemoryAccount(budget)
      var sum = 0
      for _ in 0..<5_000 {
        let bytes = Int.random(in: -min(sum, 300_000)...400_000, using: &random)
        account.add(bytes)
        sum += bytes
        #expect(abs(budget.held - sum) < MemoryAccount.step)
      }
      account.tell()
      #expect(budget.held == sum)
      account.add(7 - sum)
      account.add(-7)
    }
    #expect(budget.held == 0, "what an account had not told it tells at its end")
  }

  @Test("grants no more than there is to many threads at once") func threads() async {
    let budget = MemoryBudget(limit: 4_000_000)
    // Something is held all the time, so that there is too little even where the threads run one after the other.
    var standing: MemoryLease?
    #expect(budget.cover(1_500_000, by: &standing))
    await withTaskGroup(of: Void.self) { tasks in
      for seed in 0..<8 as Range<UInt64> {
        tasks.addTask {
          var random = SplitMix64(seed: seed)
          var lease: MemoryLease?
          for _ in 0..<20_000 {
            if Int.random(in: 0..<4, using: &random) == 0 { lease = nil }
            _ = budget.cover(Int.random(in: 0...2_000_000, using: &random), by: &lease)
            #expect(budget.held <= budget.largeLimit)
          }
        }
      }
    }
    #expect(budget.refusals > 0)
    standing = nil
    #expect(budget.held == 0)
  }

  @Test func memoryIsGivenBackOnceAfterABurst() {
    var ebb = MemoryEbb()
    func due(_ mebibytes: [Int]) -> [Bool] { mebibytes.map { ebb.isDue(held: $0 << 20) } }
    #expect(due([0, 1, 15, 0]) == [false, false, false, false])
    #expect(due([5, 100, 60, 26, 25, 20, 0]) == [false, false, false, true, false, false, true])
    #expect(due([0, 0, 16, 6, 5]) == [false, false, false, false, true])
  }
}
