/// Contracts that the suites share.
enum Contracts {
  /// A shop: owners, roles, relations, states, field rules.
  static let shop = """
    martlet: 1
    service: {name: shop, version: v1}
    roles: [support, finance, admin]
    resources:
      customers:
        fields:
          user:  {ref: users, default: caller.id, unique: true, immutable: true}
          email: {type: email, unique: true, required: true}
          name:  {type: string, length: 1..20, required: true}
          tier:  {type: enum, values: [free, pro], default: free, index: true, write: [admin]}
          notes: {type: text, read: [support]}
          orders: {many: orders, by: customer}
        access:
          create: authenticated
          read:   record.user == caller.id || caller.has_role("support")
          update: record.user == caller.id || caller.has_role("support")
          delete: [admin]
      products:
        fields:
          sku:   {type: string, pattern: "[A-Z0-9-]{3,32}", unique: true, required: true}
          name:  {type: string, length: 1..200, required: true}
          price: {type: money, required: true, minimum: 0}
          stock: {type: integer, minimum: 0, default: 0}
          rank:  {type: integer, index: true}
        access: {read: anyone, create: [admin], update: [admin], delete: [admin]}
      orders:
        fields:
          customer: {ref: customers, required: true, immutable: true, on_delete: restrict}
          status:   {type: enum, values: [pending, paid, shipped, cancelled], default: pending, index: true}
          total:    {type: money, required: true}
          placed:   {type: timestamp, default: now}
          items:    {many: order_items, by: order}
        indexes: [[-placed], [status, -placed], [customer, -placed]]
        constraints:
          total_positive: input.total.amount >= 0
        access:
          create: record.customer.user == caller.id
          read:   record.customer.user == caller.id || caller.has_role("support")
          update: nobody
          delete: [admin]
        states:
          field: status
          transitions:
            pay:    {from: pending, to: paid, access: [finance]}
            ship:   {from: paid, to: shipped, access: [support]}
            cancel: {from: [pending, paid], to: cancelled, access: record.customer.user == caller.id}
      order_items:
        fields:
          order:    {ref: orders, required: true, immutable: true, on_delete: cascade}
          product:  {ref: products, required: true, on_delete: restrict}
          quantity: {type: integer, minimum: 1, maximum: 1000, required: true}
        unique: [[order, product]]
        access: {read: record.order.customer.user == caller.id, create: record.order.customer.user == caller.id}
    """

  /// Open to everyone: for lists and writes.
  static let notes = """
    martlet: 1
    service: {name: notes, version: v1}
    resources:
      notes:
        fields:
          title: {type: string, required: true, unique: true}
          body:  {type: text}
          kind:  {type: enum, values: [a, b, c], index: true}
          rank:  {type: integer, index: true}
          score: {type: integer}
          weight: {type: integer}
          fixed: {type: string, immutable: true}
        indexes: [[kind, -rank]]
        filterable: [score]
        scan: 50
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
    """
}
